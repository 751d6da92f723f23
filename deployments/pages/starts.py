"""Cold starts on the page of the runs: their trend, how good the estimates were, and two releases."""

from typing import Any

from django.http import HttpRequest

from deployments.models import Deployment, Release
from deployments.planning.starts.start import PHASES
from deployments.services import anatomy, starts
from deployments.services.runs import phase_label

from . import words
from .start_chart import start_chart


def trend_context(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    """What `_starts.html` shows; `?first=` and `?second=` choose the releases. A dozen queries."""
    found = anatomy.trend(deployment)
    lit = starts.releases_that_lit(deployment)
    pair = _pair(request, lit)
    names = [name for name in PHASES if any(name in start.seconds for start in found.starts)]
    return {
        "start_chart": start_chart(found),
        "start_heads": [phase_label(name) for name in names],
        "start_rows": [
            {
                "start": start,
                "seconds": [start.seconds.get(name) for name in names],
                "slow": found.slow.get(start.id, ()),
            }
            for start in reversed(found.starts)
        ],
        "estimates": [tested_words(one) for one in found.tested],
        "lit_releases": lit,
        "compared": anatomy.compared(deployment, *pair) if pair else None,
    }


def _pair(request: HttpRequest, lit: list[Release]) -> tuple[Release, Release] | None:
    """The chosen releases; what is left out or wrong is taken from the newest two."""
    if len(lit) < 2:
        return None
    by_number = {str(release.number): release for release in lit}
    first = by_number.get(request.GET.get("first", ""), lit[1])
    return first, by_number.get(request.GET.get("second", ""), lit[0])


def tested_words(one: anatomy.Tested) -> str:
    """Such as: Asked for: within ±40 s in 8 of 10 starts, 1 later than that."""
    within = one.within
    when = f"When {phase_label(one.phase).lower()} began" if one.phase else "When the wake was asked for"
    told = f"{when}: within ±{words.duration(within.seconds)} in {within.hits} of {within.of} past starts"
    return told + (f", {within.early} took longer than that." if within.early else ".")
