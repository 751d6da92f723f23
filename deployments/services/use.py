"""Who uses a server now."""

from datetime import datetime

from django.db.models import Sum

from deployments.models import Deployment, InFlight
from deployments.planning.power import Actor

from .loading import IN_FLIGHT_STALE


def users_of(deployment: Deployment, actor: Actor, now: datetime) -> list[str]:
    """The names of others who hold an open lease or have a request in flight or waiting for it, in order,
    without `actor`."""
    holders = deployment.leases.filter(ended_at__isnull=True).exclude(holder_id=actor.user_id)
    names = [lease.holder_name for lease in holders]
    flying = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    names += [row.holder_name for row in flying if row.holder_name != actor.name]
    return sorted(set(names))


def in_flight(deployment: Deployment, now: datetime) -> int:
    """Requests that live gateway processes are forwarding to it now."""
    rows = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)
