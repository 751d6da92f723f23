"""Reading the audit record: narrowed, newest first, with what each action changed.

Who could not sign in, and from which address other people come, is for admins; everybody reads of themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.functions import Left

from deployments.models import Action
from deployments.planning.power import Actor, Scope, Via

from . import uses

# Rows of a download are read in batches of this many.
_BATCH = 500
# Of somebody who did not come in; whose name it was is the target.
OF_STRANGERS = ("failed_sign_in", "locked_out")
_TARGET = 80  # as `audit.record` cuts it


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """What is asked for; what is empty narrows nothing. `who` is the name an actor had, `verb` what was done,
    `via` by which way it came in. `until` is excluded."""

    deployment: str = ""
    who: str = ""
    verb: str = ""
    via: str = ""
    key_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting as it was and as it is; None where it was not there."""

    field: str
    before: Any
    after: Any


def rows(actor: Actor, only: ActionFilter) -> QuerySet[Action]:
    """The actions that the actor may see and that were asked for, newest first, archived deployments' too."""
    found = readable(actor).select_related("deployment").order_by("-id")
    wanted = {
        "deployment__slug": only.deployment,
        "actor_name": only.who,
        "verb": only.verb,
        "via": only.via,
        "key_id": only.key_id,
        "at__gte": only.since,
        "at__lt": only.until,
    }
    return found.filter(**{name: value for name, value in wanted.items() if value not in ("", None)})


def readable(actor: Actor) -> QuerySet[Action]:
    """All that the actor may see, in no order."""
    found = Action.objects.all()
    if actor.deployments is not None:
        found = found.filter(deployment__slug__in=actor.deployments)
    if not actor.may(Scope.ADMIN):
        found = found.filter(~Q(verb__in=OF_STRANGERS) | _under_own_name(actor))
    return found


def _under_own_name(actor: Actor) -> Q:
    """Actions whose target is the actor's user name; none where nobody signs in as the actor."""
    if actor.user_id is None:
        return Q(pk__in=())
    own = get_user_model().objects.filter(pk=actor.user_id).annotate(kept=Left("username", _TARGET))
    return Q(target__in=own.values("kept"))


def address(action: Action, actor: Actor) -> str:
    """From which address it came; empty where that is not for the actor to know. The action is `readable`."""
    own = action.user_id is not None and action.user_id == actor.user_id
    return action.address if own or action.verb in OF_STRANGERS or actor.may(Scope.ADMIN) else ""


def every(actor: Actor, only: ActionFilter) -> Iterator[Action]:
    """All of them, a few hundred in memory at once."""
    before: int | None = None
    while True:
        found = rows(actor, only)
        batch = list((found.filter(pk__lt=before) if before else found)[:_BATCH])
        yield from batch
        if len(batch) < _BATCH:
            return
        before = batch[-1].pk


def differences(details: Mapping[str, Any]) -> list[Difference]:
    """What an action changed, by field: `{field: {before, after}}`, or `{before, after}` of the one thing."""
    if set(details) == {"before", "after"}:
        return [Difference("", details["before"], details["after"])]
    return [
        Difference(field, value["before"], value["after"])
        for field, value in details.items()
        if isinstance(value, Mapping) and set(value) == {"before", "after"}
    ]


def facts(details: Mapping[str, Any]) -> dict[str, Any]:
    """What else an action says, by name; nothing that is empty."""
    changed = {one.field for one in differences(details)}
    if "" in changed:
        return {}
    return {name: value for name, value in details.items() if name not in changed and value not in ("", None)}


def origin(action: Action, keys: Mapping[int, str], actor: Actor) -> str:
    """From where it came: the way, then the key it used and the address, as they were kept; the address
    where the actor may know it."""
    name = keys.get(action.key_id, "") if action.key_id is not None else ""
    key = f"key “{name}”" if name else ""
    way = WAYS.get(action.via, action.via)
    return ", ".join(part for part in (way, key, address(action, actor)) if part)


def key_names(actions: list[Action]) -> Mapping[int, str]:
    """The names of the keys that these came by. One query at most."""
    return uses.key_names({one.key_id for one in actions if one.key_id is not None})


WAYS = {
    Via.PAGE.value: "page",
    Via.API.value: "REST",
    Via.GATEWAY.value: "request",
    Via.COMMAND.value: "command line",
    Via.SYSTEM.value: "the panel itself",
    Via.SCHEDULE.value: "schedule",
}
