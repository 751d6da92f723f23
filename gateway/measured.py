"""What the gateway measured, as the metrics of the deployments read it
(`deployments.services.measurements.Measurements`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from deployments.public import Arrival, RequestFact

from .models import UsageRecord
from .spent import NO_USE

_FIELDS = (
    "started_at", "outcome", "status", "stream", "waited_s", "first_byte_s", "duration_s", "prompt_tokens",
    "cached_tokens", "completion_tokens",
)  # fmt: skip
# What judges a server looks at the newest requests alone, however many there are.
_MOST_ENDED = 2000
# A request can have begun this long before it ended.
_LONGEST = timedelta(hours=1)


def newest_id() -> int:
    """The highest id of a row; 0 where there is none. One query."""
    return UsageRecord.objects.aggregate(newest=Max("pk"))["newest"] or 0


def arrivals(after_id: int, limit: int) -> Sequence[Arrival]:
    """Rows written after a row, in the order of their ids. One query."""
    rows = UsageRecord.objects.filter(pk__gt=after_id).order_by("pk")
    found = rows.values_list("pk", "deployment_id", "started_at")[:limit]
    return [Arrival(pk, deployment_id or 0, at) for pk, deployment_id, at in found]


def requests(deployment_id: int, since: datetime, until: datetime) -> Sequence[RequestFact]:
    """The requests that came from `since` to before `until`. One query."""
    rows = UsageRecord.objects.filter(
        deployment_id=deployment_id, started_at__gte=since, started_at__lt=until
    ).exclude(path__in=NO_USE)
    return [RequestFact(*row) for row in rows.order_by("started_at", "pk").values_list(*_FIELDS)]


def ended(deployment_id: int, since: datetime) -> Sequence[tuple[datetime, str, int]]:
    """When requests ended that ended since then, the newest of them, with outcome and status. One query."""
    rows = UsageRecord.objects.filter(deployment_id=deployment_id, started_at__gte=since - _LONGEST)
    found = rows.order_by("-started_at").values_list("started_at", "duration_s", "outcome", "status")[
        :_MOST_ENDED
    ]
    told = ((at + timedelta(seconds=took), outcome, status) for at, took, outcome, status in found)
    return [(at, outcome, status) for at, outcome, status in told if at >= since]
