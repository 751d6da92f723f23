"""`/activity/`: who did what, from where, when, at which price, and what it changed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Action
from deployments.planning.power import Actor, Scope
from deployments.services import audited, status
from deployments.services.audited import WAYS, ActionFilter, Difference

from .access import PageRequest, needs
from .days import midnight
from .paging import cursor
from .words import moment

_PAGE = 50
# A value that is longer than this is cut on the page; REST has the whole.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filter holds, as text, empty where it is open. Days are whole days in the reader's zone."""

    deployment: str
    who: str
    what: str
    via: str
    since: str
    until: str

    @property
    def any(self) -> bool:
        """True where something is left out."""
        return any((self.deployment, self.who, self.what, self.via, self.since, self.until))

    def query(self) -> str:
        """The same for an address, without the page."""
        held = QueryDict(mutable=True)
        held.update({name: getattr(self, name) for name in _NAMES if getattr(self, name)})
        return held.urlencode()

    @property
    def only(self) -> ActionFilter:
        """The same for the services."""
        return ActionFilter(
            deployment=self.deployment, who=self.who, verb=self.what, via=self.via,
            since=midnight(self.since), until=midnight(self.until, days=1),
        )  # fmt: skip


_NAMES = ("deployment", "who", "what", "via", "since", "until")


@dataclass(frozen=True, slots=True)
class Told:
    """An action as a row: from where, what it changed, and what else it says."""

    action: Action
    origin: str
    changes: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]


def read(request: HttpRequest) -> Asked:
    """What the address asks for."""
    return Asked(**{name: request.GET.get(name, "").replace("\x00", "")[:150] for name in _NAMES})


@require_safe
@needs(Scope.READ)
def activity(request: PageRequest) -> HttpResponse:
    """Newest first, by pages; of one deployment, person, deed, way or time, or of all."""
    asked = read(request)
    found = audited.rows(request.actor, asked.only)
    if (before := cursor(request)) is not None:
        found = found.filter(id__lt=before)
    actions = list(found[: _PAGE + 1])
    context = {
        "nav": "activity",
        "rows": told(actions[:_PAGE], request.actor),
        "asked": asked,
        "older": actions[_PAGE - 1].pk if len(actions) > _PAGE else None,
        **_choices(request),
    }
    return render(request, "deployments/activity.html", context)


def told(actions: list[Action], actor: Actor) -> list[Told]:
    """Rows of the page. One query at most."""
    keys = audited.key_names(actions)
    return [
        Told(
            one,
            audited.origin(one, keys, actor),
            tuple(_change(change) for change in audited.differences(one.details)),
            tuple((label(name), shown(value)) for name, value in audited.facts(one.details).items()),
        )
        for one in actions
    ]


def _change(change: Difference) -> tuple[str, str, str]:
    return label(change.field), shown(change.before), shown(change.after)


def label(field: str) -> str:
    """A field as people read it."""
    return field.replace("_", " ")


def shown(value: Any) -> str:
    """A value in one line; nothing stands for what was not there or is empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value)
    else:
        text = _instant(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _instant(text: str) -> str:
    """An instant as its reader says it; any other text as it is."""
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return text
    return moment(at, now=timezone.now()) if at is not None and timezone.is_aware(at) else text


def _choices(request: PageRequest) -> dict[str, Any]:
    """What there is to choose from: only what happened, and the reader may see."""
    seen = audited.readable(request.actor)
    names = seen.order_by("actor_name").values_list("actor_name", flat=True).distinct()
    verbs = seen.order_by("verb").values_list("verb", flat=True).distinct()
    return {
        "deployments": status.visible(request.actor).order_by("name"),
        "people": names,
        "verbs": [(verb, verb.replace("_", " ").replace("-", " ").capitalize()) for verb in verbs],
        "ways": [(via, way[:1].upper() + way[1:]) for via, way in WAYS.items()],
    }
