"""Why a deployment in this state is not asked, and what to do about it.

A request to a server that sleeps would wake it, so only `ready` and `degraded` are asked.
"""

from typing import Any

from django.conf import settings

from deployments.public import Route, State

from .problems import Problem

ASKED = frozenset({State.READY, State.DEGRADED})

# Clients give up on a longer Retry-After (they wait two minutes at most); the true time is in `eta_s`.
_LONGEST_RETRY_AFTER_S = 60
_RETRY_AFTER_S = 15


def refusal(route: Route) -> Problem:
    """The answer for a deployment that is in no state to be asked."""
    if route.state in (State.ASLEEP, State.OFF):
        return _problem(route, 403, "asleep", f"Start it at {_page(route)} and ask again.")
    if route.state in (State.WAKING, State.DEPLOYING):
        return _waking(route)
    if route.state is State.STOPPING:
        return _problem(route, 503, "stopping", f"It can be started again at {_page(route)}.", _RETRY_AFTER_S)
    if route.state is State.FAILED:
        return _problem(route, 503, "failed", f"The cause is at {_page(route)}; a person has to start it.")
    return _problem(
        route,
        503,
        "unknown",
        f"Nothing is sent while its state is unknown. See {_page(route)}.",
        _RETRY_AFTER_S,
    )


def _waking(route: Route) -> Problem:
    eta_s = None if route.eta_s is None else max(0, round(route.eta_s))
    retry_after_s = min(_LONGEST_RETRY_AFTER_S, max(1, _RETRY_AFTER_S if eta_s is None else eta_s))
    extra = {"eta_s": eta_s, "phase": route.phase or None}
    return _problem(route, 503, "waking", "Ask again when it is ready.", retry_after_s, extra)


def _problem(
    route: Route,
    status: int,
    code: str,
    remedy: str,
    retry_after_s: int | None = None,
    extra: dict[str, Any] | None = None,
) -> Problem:
    retry = (b"retry-after", str(retry_after_s).encode()) if retry_after_s else (b"x-should-retry", b"false")
    return Problem(
        status,
        code,
        f"{route.sentence} {remedy}".strip(),
        extra={"state": route.state.value, "deployment": route.slug, **(extra or {})},
        headers=(retry,),
    )


def _page(route: Route) -> str:
    return f"{settings.PANEL_PUBLIC_URL}/deployments/{route.slug}/"
