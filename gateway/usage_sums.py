"""Usage summed by day, deployment, person and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDate

from deployments.public import Actor

from .models import ApiKey, Outcome, UsageRecord

GROUPS = ("day", "deployment", "person", "key")
_COLUMNS = {"day": "day", "deployment": "deployment_slug", "person": "user_id", "key": "own_key"}
_TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Requests, those of them that were answered, and the engine's own token counts.

    What was not grouped by is None. `key_id` is None too for what came from pages and the playground, and
    for keys that went with their owner.
    """

    day: date | None
    deployment: str | None
    user_id: int | None
    person: str | None
    key_id: int | None
    key: str | None
    requests: int
    answered: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int


def usage(
    actor: Actor, *, since: datetime, until: datetime, groups: Sequence[str], zone: ZoneInfo
) -> list[UsageSum]:
    """Requests that came from `since` to before `until`; for a limited key those of its deployments.

    Three queries. The days are those of `zone`.
    """
    rows = UsageRecord.objects.filter(started_at__gte=since, started_at__lt=until)
    if actor.deployments is not None:
        rows = rows.filter(deployment_slug__in=actor.deployments)
    found = list(_grouped(rows, [_COLUMNS[group] for group in groups], zone))
    people = get_user_model().objects.in_bulk({row["user_id"] for row in found if row.get("user_id")})
    keys = ApiKey.objects.in_bulk({row["own_key"] for row in found if row.get("own_key")})
    return [_told(row, people, keys) for row in found]


def _grouped(rows: QuerySet[UsageRecord], columns: Sequence[str], zone: ZoneInfo) -> QuerySet[Any]:
    """Sums by columns, in their order; without columns one row of everything."""
    plain: QuerySet[Any] = rows
    if "day" in columns:
        plain = plain.annotate(day=TruncDate("started_at", tzinfo=zone))
    if "own_key" in columns:
        plain = plain.annotate(own_key=Case(When(key__internal=False, then=F("key_id"))))
    grouped: QuerySet[Any] = plain.values(*columns) if columns else plain.values(all=Value(1))
    answered = Count("id", filter=Q(outcome=Outcome.OK))
    tokens = {f"sum_{name}": Sum(name) for name in _TOKENS}
    summed: QuerySet[Any] = grouped.annotate(requests=Count("id"), answered=answered, **tokens)
    return summed.order_by(*columns)


def _told(row: Mapping[str, Any], people: Mapping[int, Any], keys: Mapping[int, ApiKey]) -> UsageSum:
    user, key = people.get(row.get("user_id") or 0), keys.get(row.get("own_key") or 0)
    return UsageSum(
        day=row.get("day"),
        deployment=row.get("deployment_slug"),
        user_id=row.get("user_id"),
        person=user.display_name if user is not None else None,
        key_id=row.get("own_key"),
        key=key.name if key is not None else None,
        requests=row["requests"],
        answered=row["answered"],
        **{name: row[f"sum_{name}"] or 0 for name in _TOKENS},
    )
