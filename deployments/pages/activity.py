"""`/activity/`: who did what, from where, when, at which price."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Action
from deployments.planning.power import Scope
from deployments.services import status

from .access import PageRequest, needs
from .paging import cursor

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filter holds, as text, empty where it is open. Days are whole days in the reader's zone."""

    deployment: str
    who: str
    what: str
    since: str
    until: str

    @property
    def any(self) -> bool:
        """True where something is left out."""
        return any((self.deployment, self.who, self.what, self.since, self.until))

    def query(self) -> str:
        """The same for an address, without the page."""
        held = QueryDict(mutable=True)
        held.update({name: getattr(self, name) for name in _NAMES if getattr(self, name)})
        return held.urlencode()


_NAMES = ("deployment", "who", "what", "since", "until")


@require_safe
@needs(Scope.READ)
def activity(request: PageRequest) -> HttpResponse:
    """Newest first, by pages; of one deployment, person, deed or time, or of all."""
    asked = Asked(**{name: request.GET.get(name, "")[:150] for name in _NAMES})
    rows = _matching(asked).select_related("deployment").order_by("-id")
    if (before := cursor(request)) is not None:
        rows = rows.filter(id__lt=before)
    actions = list(rows[: _PAGE + 1])
    context = {
        "nav": "activity",
        "actions": actions[:_PAGE],
        "asked": asked,
        "older": actions[_PAGE - 1].pk if len(actions) > _PAGE else None,
        **_choices(request),
    }
    return render(request, "deployments/activity.html", context)


def _choices(request: PageRequest) -> dict[str, Any]:
    """What there is to choose from: only what happened."""
    names = Action.objects.order_by("actor_name").values_list("actor_name", flat=True).distinct()
    verbs = Action.objects.order_by("verb").values_list("verb", flat=True).distinct()
    return {
        "deployments": status.visible(request.actor).order_by("name"),
        "people": names,
        "verbs": [(verb, verb.replace("_", " ").replace("-", " ").capitalize()) for verb in verbs],
    }


def _matching(asked: Asked) -> QuerySet[Action]:
    rows = Action.objects.all()
    if asked.deployment:
        rows = rows.filter(deployment__slug=asked.deployment)
    if asked.who:
        rows = rows.filter(actor_name=asked.who)
    if asked.what:
        rows = rows.filter(verb=asked.what)
    if (since := _midnight(asked.since)) is not None:
        rows = rows.filter(at__gte=since)
    if (until := _midnight(asked.until, days=1)) is not None:
        rows = rows.filter(at__lt=until)
    return rows


def _midnight(day: str, *, days: int = 0) -> datetime | None:
    """The beginning of that day in the reader's zone, or of one `days` later; None for what is no day."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(day) + timedelta(days=days), time.min))
    except (ValueError, OverflowError):
        return None
