"""`/deployments/{slug}/schedules/`: when it is lit by itself, and what that costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deployments.models import Deployment, Schedule
from deployments.planning.power import Scope
from deployments.planning.windows import Occurrence
from deployments.services import schedule_requests
from deployments.services.errors import Refused
from deployments.services.schedule_facts import opening_after, owner_of, schedules_of
from deployments.services.schedule_prices import SchedulePrice
from deployments.services.schedule_requests import plan_of

from .access import PageRequest, needs
from .head import head
from .lookup import deployment_of
from .schedule_form import DAYS, ScheduleForm, blank, filled
from .schedule_week import monday_of, week

_NAMES = dict(DAYS)


@dataclass(frozen=True, slots=True)
class Row:
    """A schedule in the list."""

    schedule: Schedule
    days: str
    owned: bool
    following: Occurrence | None


@require_safe
@needs(Scope.READ)
def schedules(request: PageRequest, slug: str) -> HttpResponse:
    """The list and a week of it."""
    deployment = deployment_of(request, slug)
    now, zone = timezone.now(), ZoneInfo(timezone.get_current_timezone_name())
    rows = schedules_of(deployment)
    on = [row for row in rows if row.enabled and owner_of(row) is not None]
    rules, names = [row.rule(timedelta(0)) for row in on], {row.pk: row.name for row in on}
    context = head(request, deployment, "schedules") | {
        "rows": [_row(row, now) for row in rows],
        "week": week(rules, names, monday_of(request.GET.get("week", ""), zone, now), zone, now),
        "zone": zone.key,
        "hours": range(0, 24, 6),
        "may_change": request.actor.may(Scope.OPERATE, slug),
    }
    return render(request, "deployments/schedules.html", context)


def _row(row: Schedule, now: datetime) -> Row:
    owned = owner_of(row) is not None
    following = opening_after(row.rule(timedelta(0)), now) if row.enabled and owned else None
    return Row(row, _days(row.days), owned, following)


def _days(digits: str) -> str:
    """Mon to Fri, where they follow each other; else each."""
    if len(digits) > 2 and int(digits[-1]) - int(digits[0]) == len(digits) - 1:
        return f"{_NAMES[digits[0]]} to {_NAMES[digits[-1]]}"
    return ", ".join(_NAMES[digit] for digit in digits)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.OPERATE)
def schedule(request: PageRequest, slug: str, schedule_id: int | None = None) -> HttpResponse:
    """GET is the form with its price; POST works the price out anew, or saves what was seen."""
    deployment = deployment_of(request, slug)
    row = _found(deployment, schedule_id) if schedule_id is not None else None
    start = filled(plan_of(row)) if row is not None else blank()
    form = ScheduleForm(request.POST if request.method == "POST" else _as_sent(start))
    context = _form_context(request, deployment, form, schedule_id)
    if request.method == "POST" and request.POST.get("step") == "save" and context["price"] is not None:
        try:
            saved = schedule_requests.save(
                deployment, form.plan(), actor=request.actor, seen_usd_per_week=form.cleaned_data["seen"],
                pk=schedule_id,
            )  # fmt: skip
        except Refused as error:
            context |= {"refused": error.message}
            return render(request, "deployments/schedule.html", context, status=error.status)
        messages.success(request, f"{saved.name} is saved: ${saved.quoted_usd_per_week:,.2f} a week.")
        return redirect("deployments:schedules", slug)
    wrong = request.method == "POST" and context["price"] is None
    return render(request, "deployments/schedule.html", context, status=422 if wrong else 200)


def _as_sent(start: dict[str, Any]) -> QueryDict:
    sent = QueryDict(mutable=True)
    for name, value in start.items():
        sent.setlist(name, value if isinstance(value, list) else [value] if value else [])
    return sent


@require_POST
@needs(Scope.OPERATE)
def schedule_price(request: PageRequest, slug: str) -> HttpResponse:
    """The price of what is filled in so far, for the form."""
    deployment = deployment_of(request, slug)
    text = request.POST.get("schedule", "")
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    context = _form_context(request, deployment, ScheduleForm(request.POST), pk)
    return render(request, "deployments/_schedule_price.html", context)


def _form_context(
    request: PageRequest, deployment: Deployment, form: ScheduleForm, pk: int | None
) -> dict[str, Any]:
    found, refused = _price(request, deployment, form, pk)
    return {
        "nav": "deployments", "deployment": deployment, "form": form, "pk": pk, "price": found,
        "refused": refused, "days": DAYS, "chosen": form["days"].value() or [],
    }  # fmt: skip


def _price(
    request: PageRequest, deployment: Deployment, form: ScheduleForm, pk: int | None
) -> tuple[SchedulePrice | None, str]:
    if not form.is_valid():
        return None, ""
    try:
        return schedule_requests.preview(deployment, form.plan(), actor=request.actor, pk=pk), ""
    except Refused as error:
        return None, form.blame(error)


@require_POST
@needs(Scope.OPERATE)
def change_schedule(request: PageRequest, slug: str, schedule_id: int) -> HttpResponse:
    """Pause, resume, skip the next opening, delete."""
    deployment = deployment_of(request, slug)
    try:
        messages.success(request, _act(request, deployment, schedule_id))
    except Refused as error:
        messages.error(request, error.message)
    return redirect("deployments:schedules", slug)


def _act(request: PageRequest, deployment: Deployment, pk: int) -> str:
    act, who = request.POST.get("act"), request.actor
    if act == "delete":
        schedule_requests.remove(deployment, pk, actor=who)
        return "The schedule is deleted. What it kept lit goes out unless somebody else holds it."
    if act == "skip":
        day = schedule_requests.skip_next(deployment, pk, actor=who)
        return f"It does not open on {day:%a} {day.day} {day:%b}."
    on = act == "resume"
    row = schedule_requests.set_enabled(deployment, pk, actor=who, enabled=on)
    return f"{row.name} is {'on again' if on else 'paused'}."


def _found(deployment: Deployment, pk: int) -> Schedule:
    found = next((row for row in schedules_of(deployment) if row.pk == pk), None)
    if found is None:
        raise Http404("There is no such schedule.")
    return found
