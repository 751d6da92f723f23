"""Usage as the ledger of the deployments reads it (`deployments.services.uses.UsageReader`)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from deployments.public import Payer, Share, Span, Traffic, Use

from .models import ApiKey, Outcome, UsageRecord

# What costs the engine nothing to speak of, and counts as no use of it.
NO_USE = ("/v1/messages/count_tokens",)
# The longest that one request can take, and so be begun before a span that it reaches into.
_LONGEST, _SHORT = timedelta(days=1), timedelta(minutes=10)

_FAILED = (Outcome.ENGINE_ERROR, Outcome.ENGINE_LOST, Outcome.CUT)

_FIELDS = (
    "deployment_id", "user_id", "key_id", "key__internal", "started_at", "waited_s", "duration_s",
    "prompt_tokens", "cached_tokens", "completion_tokens",
)  # fmt: skip


def uses(spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
    """Requests that reached an engine within the spans, each with its deployment's id. One query."""
    first, last = min(span.since for span in spans), max(span.until for span in spans)
    # What began long before and is short cannot reach into them: a day's rows need not be read for that.
    reaching = Q(started_at__gte=first - _SHORT) | Q(duration_s__gte=_SHORT.total_seconds())
    rows = UsageRecord.objects.filter(
        reaching,
        deployment_id__in={span.deployment_id for span in spans},
        started_at__gte=first - _LONGEST,
        started_at__lt=last,
    ).exclude(outcome=Outcome.REFUSED)
    return [_use(row) for row in rows.exclude(path__in=NO_USE).order_by().values(*_FIELDS).iterator()]


def _use(row: Mapping[str, Any]) -> tuple[int, Use]:
    """While it waited for its server it was no use of it."""
    own_key = row["key_id"] if row["key__internal"] is False else None
    arrived: datetime = row["started_at"]
    use = Use(
        payer=Payer(row["user_id"] or 0, own_key or 0),
        start=arrived + timedelta(seconds=row["waited_s"] or 0),
        end=arrived + timedelta(seconds=row["duration_s"]),
        made_tokens=row["completion_tokens"] or 0,
        read_tokens=max(0, (row["prompt_tokens"] or 0) - (row["cached_tokens"] or 0)),
    )
    return row["deployment_id"], use


def traffic(span: Span) -> Traffic:
    """Requests that came within the span and were not refused, by person and key. Two queries."""
    rows = UsageRecord.objects.filter(
        deployment_id=span.deployment_id, started_at__gte=span.since, started_at__lt=span.until
    ).exclude(outcome=Outcome.REFUSED)
    rows = rows.exclude(path__in=NO_USE)
    broken = Q(outcome__in=_FAILED) | Q(outcome=Outcome.OK, status__gte=500)
    sums: Any = rows.order_by().values("user_id", "key_id", "key__internal").annotate(
        requests=Count("pk"), failed=Count("pk", filter=broken),
        left=Count("pk", filter=Q(outcome=Outcome.CLIENT_LEFT)),
        read_tokens=Sum("prompt_tokens"), made_tokens=Sum("completion_tokens"),
    )  # fmt: skip
    shares = sorted(map(_share, sums), key=lambda share: (-share.requests, share.user_id, share.key_id))
    return Traffic(tuple(shares), _first_answer_at(rows))


def _share(row: Mapping[str, Any]) -> Share:
    own_key = row["key_id"] if row["key__internal"] is False else None
    return Share(
        row["user_id"] or 0, own_key or 0, row["requests"], row["failed"], row["left"],
        row["read_tokens"] or 0, row["made_tokens"] or 0,
    )  # fmt: skip


def _first_answer_at(rows: QuerySet[UsageRecord]) -> datetime | None:
    first = rows.filter(first_byte_s__isnull=False, outcome=Outcome.OK).order_by("started_at", "pk")
    row = first.only("started_at", "waited_s", "first_byte_s").first()
    if row is None:
        return None
    return row.started_at + timedelta(seconds=(row.waited_s or 0) + (row.first_byte_s or 0))


def key_names(ids: Iterable[int]) -> Mapping[int, str]:
    """The names of those of `ids` that are keys which people made. One query."""
    return dict(ApiKey.objects.of_people().filter(pk__in=set(ids)).values_list("pk", "name"))


def key_choices() -> Sequence[tuple[int, str]]:
    """The keys that people made and that still open something, with their owners' names. One query."""
    rows = ApiKey.objects.valid(now=timezone.now()).of_people().select_related("owner").order_by("name")
    return [(key.pk, f"{key.name}, {key.owner.display_name}") for key in rows]
