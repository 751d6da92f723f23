"""From ended runs to charges: who used what, once all usage is in."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.ledger.charges import Charge as Line
from deployments.ledger.charges import charges, usd
from deployments.ledger.prices import PriceBook, PriceMissing
from deployments.models import Charge, Run

from . import costs, daily
from .lives import lives, names

log = structlog.get_logger(__name__)

# The gateway writes usage every second, and again when the database was away: by then it is in.
SETTLE_AFTER = timedelta(seconds=60)
# So many are read together, and so many written in one transaction.
_BATCH, _AT_ONCE = 100, 20
_LONGEST_S = 20.0


def settle_ended(*, now: datetime | None = None) -> int:
    """Write the charges of runs that ended a minute ago or more; gives how many were settled.

    Safe to repeat and to run in several processes. A run without a price is left, and tried again.
    """
    now, begun, settled, last = now or timezone.now(), time.monotonic(), 0, 0
    while time.monotonic() - begun < _LONGEST_S:
        due = Run.objects.filter(settled_at__isnull=True, ended_at__lte=now - SETTLE_AFTER, pk__gt=last)
        runs = list(with_what_prices_it(due.order_by("pk"))[:_BATCH])
        if not runs:
            break
        last = runs[-1].pk
        found = lines_of(runs, now)
        people = names({line.payer.user_id for lines in found.values() for line in lines})
        ready = [run for run in runs if run.pk in found]
        for place in range(0, len(ready), _AT_ONCE):
            settled += _settle(ready[place : place + _AT_ONCE], found, people, now)
    return settled


def closing(run: Run, at: datetime) -> dict[str, object]:
    """The columns of a run that ends at `at`, by the usage that is in by then; settling counts it again.

    Empty where a price is missing, so that the cost shows as unknown.
    """
    lines = lines_of([run], at).get(run.pk)
    return {} if lines is None else _columns(lines) | {"boot_ended_at": run.boot_ended_at}


def with_what_prices_it(runs: "costs.RunRows") -> "costs.RunRows":
    """The runs with the rows that pricing them reads."""
    return runs.select_related(
        "release", "account", "deployment__account", "deployment__live_release", "deployment__current_release"
    )


def lines_of(runs: Sequence[Run], now: datetime) -> dict[int, list[Line]]:
    """The charges of runs, by id, up to their ends or `now`; one without a price is left out.

    The runs themselves are told when their boots were over, as these charges count it.
    """
    found, books = lives(runs, now), dict[int, PriceBook]()
    lines: dict[int, list[Line]] = {}
    for run in runs:
        book = books.get(run.account_id) or books.setdefault(run.account_id, costs.book(run.account))
        life = found.get(run.pk)
        try:
            held = costs.resources_of(run, run.deployment)
            lines[run.pk] = charges(life, held, book) if life is not None else []
            run.boot_ended_at = life.boot_ended_at if life is not None else None
        except PriceMissing as error:
            log.warning("settle.price_missing", run=run.pk, resource=error.resource)
    return lines


def _settle(
    runs: Sequence[Run], lines: Mapping[int, Sequence[Line]], people: dict[int, str], now: datetime
) -> int:
    """Runs and their charges in one transaction, in the order of ids, since others wait for their rows; gives
    how many, without those that another process was first at."""
    with transaction.atomic():
        own = [run for run in runs if _claim(run, lines[run.pk], now)]
        rows = [_row(run, line, people) for run in own for line in lines[run.pk]]
        daily.add(Charge.objects.bulk_create(rows))
    return len(own)


def _claim(run: Run, lines: Sequence[Line], now: datetime) -> bool:
    rows = Run.objects.filter(pk=run.pk, settled_at__isnull=True)
    return bool(rows.update(settled_at=now, boot_ended_at=run.boot_ended_at, **_columns(lines)))


def _columns(lines: Sequence[Line]) -> dict[str, object]:
    """The run's own columns, so that its page and the costs say the same."""
    sums = {name: sum(getattr(line, name) for line in lines) for name in ("boot", "use", "idle", "total")}
    sums |= {name: sum(line.resources[name] for line in lines) for name in ("gpu", "cpu", "memory")}
    sums["cost"] = sums.pop("total")
    return {f"{name}_usd": usd(amount) for name, amount in sums.items()}


def _row(run: Run, line: Line, people: dict[int, str]) -> Charge:
    """A person who is gone keeps no name: what they spent stays."""
    payer = line.payer
    return Charge(
        run=run,
        deployment_id=run.deployment_id,
        slot=line.slot,
        user_id=payer.user_id if payer.user_id in people else None,
        who=people.get(payer.user_id, payer.name),
        key_id=payer.key_id or None,
        boot_micro_usd=line.boot,
        use_micro_usd=line.use,
        idle_micro_usd=line.idle,
        kept_micro_usd=line.kept,
        requests=line.requests,
        made_tokens=line.made_tokens,
        **{f"{name}_micro_usd": amount for name, amount in line.resources.items()},
    )
