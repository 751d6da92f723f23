"""Who uses a server now."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from deployments.models import Deployment, InFlight
from deployments.planning.power import Actor

from . import uses
from .loading import IN_FLIGHT_STALE


def users_of(deployment: Deployment, actor: Actor, now: datetime) -> list[str]:
    """The names of others who hold an open lease or have a request in flight or waiting for it, in order,
    without `actor`."""
    holders = deployment.leases.filter(ended_at__isnull=True).exclude(holder_id=actor.user_id)
    names = [lease.holder_name for lease in holders]
    flying = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    names += [row.holder_name for row in flying if row.holder_name != actor.name]
    return sorted(set(names))


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who uses a server now: by a lease, by requests that the engine works on, or by waiting ones.
    `keys` are the names of their keys that ask, where they ask by key."""

    name: str
    leases: int = 0
    in_flight: int = 0
    waiting: int = 0
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = [_counted(self.in_flight, "in flight"), _counted(self.waiting, "waiting")]
        parts = ["keeps it lit" if self.leases else "", *counts]
        by = f" by the key{'' if len(self.keys) == 1 else 's'} {', '.join(self.keys)}" if self.keys else ""
        return f"{self.name} ({', '.join(part for part in parts if part)}{by})"


def _counted(number: int, how: str) -> str:
    return f"{number} request{'' if number == 1 else 's'} {how}" if number else ""


def holders_of(deployment: Deployment, now: datetime) -> list[Holder]:
    """Everybody who would be cut off if it went out now, by name. Three queries."""
    leases = Counter(deployment.leases.filter(ended_at__isnull=True).values_list("holder_name", flat=True))
    flying = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    rows = [row for row in flying if row.count or row.waiting]
    keys = uses.key_names(row.key_id for row in rows if row.key_id is not None)
    found = []
    for name in sorted({*leases, *(row.holder_name for row in rows)}):
        mine = [row for row in rows if row.holder_name == name]
        names = {keys[row.key_id] for row in mine if row.key_id is not None and row.key_id in keys}
        found.append(
            Holder(
                name,
                leases[name],
                sum(row.count for row in mine),
                sum(row.waiting for row in mine),
                tuple(sorted(names)),
            )
        )
    return found


def in_flight(deployment: Deployment, now: datetime) -> int:
    """Requests that live gateway processes are forwarding to it now."""
    rows = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)
