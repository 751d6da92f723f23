"""`/`: every deployment in one look."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.planning.lifecycle import BURNING, State
from deployments.planning.power import Scope
from deployments.services import first_budget, first_steps, sentences, status
from deployments.services.views import StatusView

from . import live
from .access import PageRequest, needs

_COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True)
class Summary:
    """The sentence over the whole register; `state` gives it icon and colour."""

    state: State
    lead: str
    rest: str
    observed_at: datetime | None


@require_safe
@needs(Scope.READ)
def home(request: PageRequest) -> HttpResponse:
    """The page."""
    asked = first_budget.ask(request.actor, timezone.now())
    context = _context(request) | {"first_budget": asked, "zone": timezone.get_current_timezone_name()}
    context["only_sandbox"] = request.actor.may(Scope.ADMIN) and first_steps.only_the_sandbox()
    return render(request, "deployments/home.html", context)


@require_safe
@needs(Scope.READ)
def register(request: PageRequest) -> HttpResponse:
    """Its live part."""
    return live.answer(request, "deployments/_register.html", _context(request))


@require_safe
@needs(Scope.READ)
def burning(request: PageRequest) -> HttpResponse:
    """The burn meter of the top bar."""
    return live.answer(request, "deployments/_burning.html", {})


def _context(request: PageRequest) -> dict[str, Any]:
    statuses = status.statuses(actor=request.actor)
    return {
        "nav": "deployments",
        "statuses": statuses,
        "summary": summary_of(statuses),
        "burning_states": BURNING,
        "poll_s": live.poll_s(statuses),
        "price_notes": sorted({one.price_note for one in statuses if one.price_note}),
    }


def summary_of(statuses: list[StatusView]) -> Summary:
    """What the page says first: what burns, then what failed or cannot be seen."""
    lit = [one for one in statuses if one.state in BURNING]
    failed = [one.name for one in statuses if one.state == State.FAILED]
    unknown = [one.name for one in statuses if one.state == State.UNKNOWN]
    seen = min((one.observed_at for one in statuses if one.observed_at), default=None)
    trouble = _trouble(failed, unknown)
    if lit:
        usd = sum((one.price_usd_per_hour for one in lit), start=Decimal(0))
        lead = f"{_count(len(lit))} server{'s' if len(lit) > 1 else ''} lit,"
        return Summary(State.READY, lead, f"burning {sentences.rate(usd)} an hour. {trouble}".strip(), seen)
    if unknown:
        return Summary(State.UNKNOWN, "Unknown.", trouble, seen)
    if failed:
        return Summary(State.FAILED, "Nothing is lit.", trouble, seen)
    state = State.ASLEEP if any(one.state == State.ASLEEP for one in statuses) else State.OFF
    return Summary(state, "Nothing is lit.", "Nothing is billing.", seen)


def _trouble(failed: list[str], unknown: list[str]) -> str:
    parts = [f"{', '.join(failed)} failed and stays out."] if failed else []
    if unknown:
        parts.append(f"{', '.join(unknown)} cannot be read and may still be billing.")
    return " ".join(parts)


def _count(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)
