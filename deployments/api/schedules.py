"""`/deployments/{slug}/schedules`: standing starts, week for week."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Field, Router, Schema, Status
from pydantic import BeforeValidator, StrictStr, WithJsonSchema

from deployments.models import Schedule
from deployments.planning.power import Scope
from deployments.services import schedule_requests
from deployments.services.errors import bad_field, not_found
from deployments.services.schedule_facts import opening_after, owner_of, schedules_of
from deployments.services.schedule_prices import SchedulePrice
from deployments.services.schedule_requests import Plan, plan_of

from .access import ApiRequest, deployment_of, needs
from .budgets import Amount
from .kinds import Flag, Page, Seconds, Text, Usd, Wish

router = Router(tags=["deployments"])

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _clock(value: Any) -> Any:
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007  # a time of day has no zone
    except (TypeError, ValueError):
        raise ValueError('Give a time of day such as "09:00".') from None


Clock = Annotated[
    time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$"})
]


class PlanWish(Wish):
    """When it is to be lit."""

    name: Text
    days: list[Day] = Field(min_length=1, max_length=7)
    starts: Clock = Field(description="Local time at which it is to be ready.")
    ends: Clock = Field(description="Local time at which it goes out; the next day where not later.")
    time_zone: StrictStr = Field(default="UTC", description="Such as Europe/Berlin.")
    valid_from: date | None = None
    valid_until: date | None = None
    skips: list[date] = Field(default=[], description="Days on which it does not open.")
    lead: Flag = Field(default=True, description="Lit a median cold start earlier, to be ready at `starts`.")


class ScheduleWish(PlanWish):
    """A schedule to make, with the price of a week that the preview said."""

    seen_usd_per_week: Amount | None = None


class ScheduleChange(Wish):
    """What is to change. Times and days need the price of a week that the preview said."""

    enabled: Flag | None = None
    name: Text | None = None
    days: list[Day] | None = Field(default=None, min_length=1, max_length=7)
    starts: Clock | None = None
    ends: Clock | None = None
    time_zone: StrictStr | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    skips: list[date] | None = None
    lead: Flag | None = None
    seen_usd_per_week: Amount | None = None


class ScheduleOut(Schema):
    """A standing start."""

    id: int
    name: str
    owner: str = Field(description="Whose lease each opening is, and who pays.")
    days: list[Day]
    starts: str
    ends: str
    time_zone: str
    valid_from: date | None
    valid_until: date | None
    skips: list[date]
    lead: bool
    enabled: bool
    paused_reason: str = Field(
        description="Why it opens nothing although it is enabled; empty where it does."
    )
    refused: str = Field(description="Why the opening that runs could not be lit; empty where it was.")
    next_starts_at: datetime | None
    next_ends_at: datetime | None
    quoted_usd_per_week: Usd | None


class OutlookOut(Schema):
    """A budget that pays for it."""

    budget: str
    left_usd: Usd
    needs_usd: Usd = Field(description="All schedules of the deployment until the period ends.")
    spent_at: datetime | None = Field(description="When it would be spent, in this period or the next.")


class PreviewOut(Schema):
    """A usual week, at the prices of now, with CPU and memory."""

    windows_per_week: str
    hours_per_week: str
    usd_per_week: Usd
    usd_per_month: Usd
    boot_usd_per_week: Usd = Field(description="The part of it that is cold starts.")
    tail_usd_per_week: Usd = Field(description="The part of it that is the last idle window of each opening.")
    shared_hours_per_week: str = Field(description="Lit for other schedules anyway, and paid once.")
    added_usd_per_week: Usd
    all_usd_per_week: Usd
    lead_s: Seconds
    price_usd_per_hour: Usd
    budgets: list[OutlookOut]
    is_sandbox: bool


_ALL = "/deployments/{slug:slug}/schedules"
_ONE = _ALL + "/{int:schedule_id}"


@router.get(_ALL, response=Page[ScheduleOut], summary="When it is lit by itself")
@needs(Scope.READ)
def get_schedules(request: ApiRequest, slug: str) -> Any:
    """Every schedule of the deployment."""
    found = schedules_of(deployment_of(request, slug))
    return {"items": [_told(row) for row in found], "next": None}


@router.post(f"{_ALL}/preview", response=PreviewOut, summary="What a schedule would cost")
@needs(Scope.OPERATE)
def post_preview(request: ApiRequest, slug: str, wish: PlanWish) -> Any:
    """Nothing is saved."""
    found = schedule_requests.preview(deployment_of(request, slug), _plan(wish), actor=request.auth)
    return _priced(found)


@router.post(_ALL, response={201: ScheduleOut}, summary="Make a schedule")
@needs(Scope.OPERATE)
def post_schedule(request: ApiRequest, slug: str, wish: ScheduleWish) -> Any:
    """`seen_usd_per_week` is what the preview said: nobody saves what they have not seen."""
    deployment = deployment_of(request, slug)
    seen = wish.seen_usd_per_week
    made = schedule_requests.save(deployment, _plan(wish), actor=request.auth, seen_usd_per_week=seen)
    return Status(201, _one(request, slug, made.pk))


@router.patch(_ONE, response=ScheduleOut, summary="Change, pause or resume a schedule")
@needs(Scope.OPERATE)
def patch_schedule(request: ApiRequest, slug: str, schedule_id: int, wish: ScheduleChange) -> Any:
    """Whoever changes its times owns it from then on. A lease that is open follows the change."""
    deployment = deployment_of(request, slug)
    row = _row(request, slug, schedule_id)
    sent = wish.dict(exclude_unset=True)
    enabled, seen = sent.pop("enabled", None), sent.pop("seen_usd_per_week", None)
    if sent:
        plan = replace(plan_of(row), **_changes(sent))
        schedule_requests.save(deployment, plan, actor=request.auth, seen_usd_per_week=seen, pk=row.pk)
    if enabled is not None:
        schedule_requests.set_enabled(deployment, row.pk, actor=request.auth, enabled=enabled)
    return _one(request, slug, row.pk)


@router.delete(_ONE, response={204: None}, summary="Delete a schedule")
@needs(Scope.OPERATE)
def delete_schedule(request: ApiRequest, slug: str, schedule_id: int) -> Any:
    """What it holds open goes out, unless something else holds it."""
    schedule_requests.remove(deployment_of(request, slug), schedule_id, actor=request.auth)
    return Status(204, None)


def _plan(wish: PlanWish) -> Plan:
    return Plan(
        wish.name, _days(wish.days), wish.starts, wish.ends, wish.time_zone, wish.valid_from,
        wish.valid_until, tuple(wish.skips), wish.lead,
    )  # fmt: skip


def _days(names: list[Day]) -> frozenset[int]:
    return frozenset(DAYS.index(name) for name in names)


def _changes(sent: dict[str, Any]) -> dict[str, Any]:
    empty = [name for name in sent if sent[name] is None and name not in ("valid_from", "valid_until")]
    if empty:
        raise bad_field(empty[0], "Give a value, or leave it out.")
    if "days" in sent:
        sent["days"] = _days(sent["days"])
    return sent | ({"skips": tuple(sent["skips"])} if "skips" in sent else {})


def _row(request: ApiRequest, slug: str, schedule_id: int) -> Schedule:
    found = [row for row in schedules_of(deployment_of(request, slug)) if row.pk == schedule_id]
    if not found:
        raise not_found("The schedule")
    return found[0]


def _one(request: ApiRequest, slug: str, schedule_id: int) -> dict[str, Any]:
    return _told(_row(request, slug, schedule_id))


def _told(row: Schedule) -> dict[str, Any]:
    owned = owner_of(row) is not None
    following = opening_after(row.rule(timedelta(0)), timezone.now()) if row.enabled and owned else None
    same = (
        "id", "name", "time_zone", "valid_from", "valid_until", "lead", "enabled", "skips",
        "quoted_usd_per_week",
    )  # fmt: skip
    return {name: getattr(row, name) for name in same} | {
        "owner": row.owner_name,
        "days": [DAYS[int(day)] for day in row.days],
        "starts": f"{row.starts:%H:%M}",
        "ends": f"{row.ends:%H:%M}",
        "paused_reason": ""
        if owned
        else f"{row.owner_name} may no longer start it: an operator can save it anew.",
        "refused": row.refused_text,
        "next_starts_at": following.starts_at if following else None,
        "next_ends_at": following.ends_at if following else None,
    }


def _priced(found: SchedulePrice) -> dict[str, Any]:
    hours = ("windows_per_week", "hours_per_week", "shared_hours_per_week")
    same = (
        "usd_per_week", "usd_per_month", "boot_usd_per_week", "tail_usd_per_week", "added_usd_per_week",
        "all_usd_per_week", "lead_s", "price_usd_per_hour", "is_sandbox",
    )  # fmt: skip
    return {name: getattr(found, name) for name in same} | {
        **{name: f"{getattr(found, name).quantize(Decimal('0.01')):f}" for name in hours},
        "budgets": [
            {
                "budget": one.view.target_name,
                "left_usd": one.view.standing.left_usd,
                "needs_usd": one.needs_usd,
                "spent_at": one.spent_at,
            }
            for one in found.outlooks
        ],
    }
