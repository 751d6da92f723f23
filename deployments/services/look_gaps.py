"""How long the looks at what is lit lie apart: the observer's lag, as the one on call reads it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deployments.models import Deployment, LookGaps

# At one look every two seconds, the last four minutes.
KEPT = 120


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds between looks at one lit deployment. `age_s` is how old the last look is now."""

    slug: str
    name: str
    p50_s: float
    p99_s: float
    worst_s: float
    age_s: float
    looks: int


def note(looked: Mapping[int, datetime | None], now: datetime) -> None:
    """Write down that these deployments, which are lit, were looked at `now`; each by id with the instant of
    the look before. A gap counts where it was lit then, too. Three queries, however many they are."""
    if not looked:
        return
    rows = {row.deployment_id: row for row in LookGaps.objects.filter(deployment__in=looked)}
    new, known = list[LookGaps](), list[LookGaps]()
    for deployment_id, before in looked.items():
        row = rows.get(deployment_id)
        gaps_s = list(row.gaps_s) if row is not None else []
        if row is not None and row.at == before and now > before:
            gaps_s.append(round((now - before).total_seconds(), 3))
        made = LookGaps(deployment_id=deployment_id, gaps_s=gaps_s[-KEPT:], at=now)
        (new if row is None else known).append(made)
    LookGaps.objects.bulk_create(new, ignore_conflicts=True)
    LookGaps.objects.bulk_update(known, ["gaps_s", "at"], batch_size=200)


def lags(lit: Sequence[Deployment], now: datetime) -> list[Lag]:
    """The lag of each of these deployments, the slowest first. One query."""
    found = {row.deployment_id: row for row in LookGaps.objects.filter(deployment__in=list(lit))}
    told = [_lag(one, found.get(one.pk), now) for one in lit]
    return sorted(told, key=lambda lag: -max(lag.p99_s, lag.age_s))


def _lag(deployment: Deployment, row: LookGaps | None, now: datetime) -> Lag:
    gaps = sorted(row.gaps_s) if row is not None else []
    looked_at = deployment.observed_at or deployment.created_at
    age_s = max(0.0, (now - looked_at).total_seconds())
    worst_s = gaps[-1] if gaps else 0.0
    return Lag(deployment.slug, deployment.name, rank(gaps, 0.5), rank(gaps, 0.99), worst_s, age_s, len(gaps))


def rank(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values in order; 0 of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
