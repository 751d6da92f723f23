"""Schedules as the rest reads them: whose power they have, their rules, what opens next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deployments.models import Deployment, Schedule
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Scope, Via
from deployments.planning.windows import Occurrence, Rule, occurrences

from .expected import boot_time
from .facts import spec_of
from .loading import loaded

# As far as any page looks ahead for the next opening.
AHEAD = timedelta(days=35)


def owner_of(schedule: Schedule) -> Actor | None:
    """The owner with the powers of this moment; None where they may no longer start it (law 2: no owner, no
    flame)."""
    user = schedule.owner
    if user is None or not user.is_active:
        return None
    names = {group.name for group in user.groups.all()}
    roles = list(Role) if user.is_superuser else [role for role in Role if role.value in names]
    scopes = frozenset[Scope]().union(*(ROLE_SCOPES[role] for role in roles))
    if not {Scope.WAKE, Scope.OPERATE} <= scopes:
        return None
    name = user.get_full_name() or user.get_username()
    return Actor(user.pk, name, scopes, Via.SCHEDULE, key_id=schedule.key_id)


def schedules_of(deployment: Deployment) -> list[Schedule]:
    """Every schedule of a deployment with its owner, in a constant number of queries."""
    rows = Schedule.objects.filter(deployment=deployment)
    return list(rows.select_related("owner", "deployment").prefetch_related("owner__groups"))


def lead_of(deployment: Deployment, now: datetime) -> timedelta:
    """The median cold start as wall time: how much earlier it is lit so as to be ready in time."""
    row = deployment if hasattr(deployment, "boots") else loaded(deployment.pk, now)
    return timedelta(seconds=round(boot_time(row, spec_of(row)).p50_s))


def standing_rules(rows: Iterable[Schedule], lead: timedelta) -> list[Rule]:
    """The rules of those that are on and have an owner who may start."""
    return [row.rule(lead) for row in rows if row.enabled and owner_of(row) is not None]


@dataclass(frozen=True, slots=True)
class Next:
    """What a schedule opens next, or holds open now."""

    name: str
    owner: str
    opens_at: datetime
    starts_at: datetime
    ends_at: datetime


def next_openings(now: datetime) -> dict[int, Next]:
    """By deployment id, its next opening of all schedules. Two queries, three where there are schedules."""
    rows = Schedule.objects.filter(enabled=True, deployment__archived_at__isnull=True)
    found: dict[int, Next] = {}
    for row in rows.select_related("owner").prefetch_related("owner__groups"):
        if owner_of(row) is None:
            continue
        one = opening_after(row.rule(timedelta(0)), now)
        known = found.get(row.deployment_id)
        if one is not None and (known is None or one.starts_at < known.starts_at):
            found[row.deployment_id] = Next(
                row.name, row.owner_name, one.opens_at, one.starts_at, one.ends_at
            )
    return found


def opening_after(rule: Rule, now: datetime) -> Occurrence | None:
    """The first occurrence that starts after `now`, within five weeks or a rule's far first day."""
    since = now
    if rule.valid_from is not None:
        first = datetime.combine(rule.valid_from, rule.starts, tzinfo=rule.zone)
        since = max(now, first - timedelta(days=2))
    ahead = occurrences([rule], since, since + AHEAD)
    return next((one for one in ahead if one.starts_at > now), None)
