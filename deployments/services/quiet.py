"""The quiet time after somebody put a server out: programs that keep asking do not light it again at once.

docs/adr/0011 says why. People may start it at any moment: they see what it costs.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Q

from deployments.models import Action, Deployment
from deployments.planning.power import Actor, Scope, Via
from deployments.providers.base import scaled

from .errors import Refused
from .sentences import clock, duration

_ORDERS = {"sleep": "put to sleep", "turn_off": "turned off"}


@dataclass(frozen=True, slots=True)
class Quiet:
    """Who put it out, how, when, and from when on a program's request may light it again."""

    by: str
    how: str
    since: datetime
    until: datetime


def quiet_of(deployment: Deployment, now: datetime) -> Quiet | None:
    """The quiet time that holds at `now`; None where nobody put it out lately, or it was started since.

    Read from the record: the newest order of a person (not of a key, a schedule or the panel itself), unless
    any start came after it. One query.
    """
    window = scaled(settings.QUIET_AFTER_SLEEP_S, deployment.account.speed)
    by_people = Q(verb__in=_ORDERS, key_id__isnull=True) & ~Q(via=Via.SYSTEM)
    newest = (
        Action.objects.filter(by_people | Q(verb="start"), deployment=deployment, at__gt=now - window)
        .order_by("-id")  # not by time: the clock may have been moved back in between
        .first()
    )
    if newest is None or newest.verb == "start":
        return None
    return Quiet(newest.actor_name, _ORDERS[newest.verb], newest.at, newest.at + window)


def check_quiet(deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Raise Refused `asleep` (503) while the quiet time holds; `fields` has `wakes_from`, RFC 3339.

    What is off and not the actor's to start is left to the start itself, which names who can.
    """
    if not deployment.app_id and not actor.may(Scope.OPERATE, deployment.slug):
        return
    quiet = quiet_of(deployment, now)
    if quiet is None:
        return
    until = quiet.until.astimezone(UTC)
    ago = duration((now - quiet.since).total_seconds())
    raise Refused(
        "asleep",
        f"{deployment.name} was {quiet.how} by {quiet.by} {ago} ago. A request lights it again from"
        f" {clock(until)}; a person can start it now.",
        status=503,
        fields={"wakes_from": until.isoformat(timespec="seconds").replace("+00:00", "Z")},
    )
