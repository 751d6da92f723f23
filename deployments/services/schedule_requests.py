"""Making, changing, pausing and taking away schedules, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from deployments.models import Deployment, Schedule
from deployments.planning.power import Actor, Scope
from deployments.planning.windows import occurrences

from . import audit
from .errors import Refused, bad_field, not_allowed, not_found
from .schedule_facts import opening_after
from .schedule_prices import SchedulePrice, price

MOST, MOST_SKIPS = 50, 200
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Beyond these, looking some weeks around a day leaves what a date can say.
FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule as it is asked for. Days count from 0, Monday; the end is on the next day where it is not
    later than the start."""

    name: str
    days: frozenset[int]
    starts: time
    ends: time
    time_zone: str
    valid_from: date | None = None
    valid_until: date | None = None
    skips: tuple[date, ...] = ()
    lead: bool = True


def draft(deployment: Deployment, plan: Plan, *, actor: Actor, pk: int | None = None) -> Schedule:
    """A checked row that is not saved, owned by the actor. Raises Refused `invalid` naming the field."""
    if not plan.days:
        raise bad_field("days", "Choose at least one day of the week.")
    if not plan.name.strip():
        raise bad_field("name", "Give it a name that others understand, such as Working hours.")
    if plan.valid_from and plan.valid_until and plan.valid_until < plan.valid_from:
        raise bad_field("valid_until", "This day lies before the first one. Give a later day, or none.")
    for field in ("valid_from", "valid_until"):
        day = getattr(plan, field)
        if day is not None and not FIRST <= day <= LAST:
            raise bad_field(field, f"Give a day from {FIRST.year} to {LAST.year}, or none.")
    if len(plan.skips) > MOST_SKIPS:
        raise bad_field("skips", f"Give at most {MOST_SKIPS} days to skip.")
    row = Schedule(
        pk=pk, deployment=deployment, name=plan.name.strip(), owner_id=actor.user_id, owner_name=actor.name,
        key_id=actor.key_id,
        days="".join(str(day) for day in sorted(plan.days)), starts=plan.starts, ends=plan.ends,
        time_zone=plan.time_zone, valid_from=plan.valid_from, valid_until=plan.valid_until, lead=plan.lead,
        skips=sorted({day.isoformat() for day in plan.skips}), created_at=timezone.now(),
    )  # fmt: skip
    _check(row)
    return row


def _check(row: Schedule) -> None:
    try:
        row.clean_fields(exclude=["id", "deployment", "owner", "owner_name"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise bad_field(field, " ".join(messages)) from error


def preview(deployment: Deployment, plan: Plan, *, actor: Actor, pk: int | None = None) -> SchedulePrice:
    """The price of what would be saved. Raises Refused as `save` does."""
    return price(draft(deployment, plan, actor=actor, pk=pk), actor=actor, now=timezone.now())


def save(
    deployment: Deployment,
    plan: Plan,
    *,
    actor: Actor,
    seen_usd_per_week: Decimal | None,
    pk: int | None = None,
) -> Schedule:
    """Make a schedule, or change that of `pk`; whoever saves it owns it and pays for it from then on.

    `seen_usd_per_week` is the price that was shown: nobody saves what they have not seen. Raises Refused:
    not_allowed, invalid, not_found, price_missing, price_unseen, price_changed (with the price of now).
    """
    _may(actor, deployment, lights=True)
    before = _facts(_row(deployment, pk)) if pk is not None else {}
    if pk is None and deployment.schedules.count() >= MOST:
        raise Refused("too_many", f"A deployment has at most {MOST} schedules. Delete one first.", status=409)
    row = draft(deployment, plan, actor=actor, pk=pk)
    found = price(row, actor=actor, now=timezone.now())
    _check_seen(found, seen_usd_per_week)
    row.quoted_usd_per_week = found.usd_per_week
    words = f"{found.hours_per_week.normalize():f} h a week, ${found.usd_per_week:.2f}"
    with transaction.atomic():
        _write(row, new=pk is None)
        verb = "made" if pk is None else "changed"
        _record(
            row, actor, f"{actor.name} {verb} the schedule {row.name}: {words}.", usd=found.usd_per_week,
            details=audit.changed(before, _facts(row)),
        )  # fmt: skip
    return row


def _write(row: Schedule, *, new: bool) -> None:
    if new:
        row.save(force_insert=True)
        return
    fields = (
        "name", "owner_id", "owner_name", "key_id", "days", "starts", "ends", "time_zone", "valid_from",
        "valid_until",
        "skips", "lead", "quoted_usd_per_week",
    )  # fmt: skip
    values: dict[str, Any] = {name: getattr(row, name) for name in fields}
    Schedule.objects.filter(pk=row.pk).update(**values, refused_at=None, refused_text="")


def _check_seen(found: SchedulePrice, seen: Decimal | None) -> None:
    now = f"${found.usd_per_week:.2f} a week"
    if seen is None:
        raise Refused(
            "price_unseen",
            f"This costs {now}. Ask for the preview, and send what it says as seen_usd_per_week.",
            status=422,
            fields={"seen_usd_per_week": f"Send {found.usd_per_week:.2f} to agree."},
        )
    if seen != found.usd_per_week:
        raise Refused(
            "price_changed",
            f"It now costs {now}, not ${seen:.2f}. Look at it again and save then.",
            status=409,
            fields={"seen_usd_per_week": f"Send {found.usd_per_week:.2f} to agree."},
        )


def set_enabled(deployment: Deployment, pk: int, *, actor: Actor, enabled: bool) -> Schedule:
    """Pause or resume. What a paused one holds open goes out, unless something else holds it."""
    _may(actor, deployment, lights=enabled)
    row = _row(deployment, pk)
    with transaction.atomic():
        if (
            Schedule.objects.filter(pk=pk)
            .exclude(enabled=enabled)
            .update(enabled=enabled, refused_at=None, refused_text="")
        ):
            words = f"{actor.name} {'resumed' if enabled else 'paused'} the schedule {row.name}."
            changes = audit.changed({"enabled": not enabled}, {"enabled": enabled})
            _record(row, actor, words, details=changes)
    row.enabled = enabled
    return row


def skip_next(deployment: Deployment, pk: int, *, actor: Actor) -> date:
    """Skip the opening that is open now, else the next; gives its day. Refused 409 where there is none."""
    _may(actor, deployment, lights=False)
    with transaction.atomic():
        row = _row(deployment, pk, lock=True)
        day = _next_day(row, timezone.now())
        if day is None:
            raise Refused("nothing_to_skip", "It opens on no day to come.", status=409)
        Schedule.objects.filter(pk=pk).update(skips=sorted({*row.skips, day.isoformat()}))
        _record(row, actor, f"{actor.name} skips {row.name} on {day:%a} {day.day} {day:%b}.")
    return day


def _next_day(row: Schedule, now: datetime) -> date | None:
    rule = row.rule(timedelta(0))
    running = next(
        (one for one in occurrences([rule], now, now + timedelta(seconds=1)) if one.open_at(now)), None
    )
    found = running or opening_after(rule, now)
    return found.day if found is not None else None


def remove(deployment: Deployment, pk: int, *, actor: Actor) -> None:
    """Take it away. What it holds open goes out, unless something else holds it."""
    _may(actor, deployment, lights=False)
    row = _row(deployment, pk)
    with transaction.atomic():
        _record(row, actor, f"{actor.name} deleted the schedule {row.name}.", details=_facts(row))
        Schedule.objects.filter(pk=pk).delete()


def _record(
    row: Schedule,
    actor: Actor,
    words: str,
    *,
    usd: Decimal | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        actor, "schedule", deployment=row.deployment, target=f"schedule {row.pk}", summary=words, usd=usd,
        details=details,
    )  # fmt: skip


def _facts(row: Schedule) -> dict[str, Any]:
    """What the record says of a schedule: as people read it."""
    return {
        "name": row.name, "owner": row.owner_name, "days": ", ".join(_DAYS[int(day)] for day in row.days),
        "starts": f"{row.starts:%H:%M}", "ends": f"{row.ends:%H:%M}", "time_zone": row.time_zone,
        "valid_from": row.valid_from, "valid_until": row.valid_until, "skips": list(row.skips),
        "lead": row.lead, "enabled": row.enabled,
    }  # fmt: skip


def _row(deployment: Deployment, pk: int, *, lock: bool = False) -> Schedule:
    rows = Schedule.objects.filter(deployment=deployment).select_related("deployment")
    row = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=pk).first()
    if row is None:
        raise not_found("The schedule")
    return row


def _may(actor: Actor, deployment: Deployment, *, lights: bool) -> None:
    """What `lights` needs the right to wake; to leave something unlit needs it not."""
    if not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("Schedules need an operator.")
    if lights and not actor.may(Scope.WAKE, deployment.slug):
        raise not_allowed("A schedule starts it: use a key with the scope wake too.")
    if actor.user_id is None:
        raise not_allowed("A schedule needs a person as its owner.")


def plan_of(row: Schedule) -> Plan:
    """What was asked for, from the row."""
    return Plan(
        name=row.name, days=frozenset(int(day) for day in row.days), starts=row.starts, ends=row.ends,
        time_zone=row.time_zone, valid_from=row.valid_from, valid_until=row.valid_until,
        skips=tuple(date.fromisoformat(day) for day in row.skips), lead=row.lead,
    )  # fmt: skip
