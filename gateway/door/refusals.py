"""Why a deployment in this state is not asked, and what to do about it.

A request to a server that sleeps would wake it, so only `ready` and `degraded` are asked. Where the panel
itself wakes it first (holding.py), what forbids that, and what ends the wait, is told here too.
"""

from typing import Any

from django.conf import settings

from deployments.public import LeaseEnded, Refused, Route, State
from gateway.known_key import KnownKey

from .problems import Problem

ASKED = frozenset({State.READY, State.DEGRADED})

# Clients give up on a longer Retry-After (they wait two minutes at most); the true time is in `eta_s`.
_LONGEST_RETRY_AFTER_S = 60
_RETRY_AFTER_S = 15
_BLIND_RETRY_AFTER_S = 30

UNAVAILABLE = "unavailable"

# What a start is refused for, as the door tells it. 409 is for those who act on a state; programs that ask a
# model repeat it, and nothing of this changes by repeating.
_REFUSED = {
    "not_allowed": (403, "asleep"),
    "not_found": (404, "model_not_found"),
    "budget_exhausted": (402, "budget_exhausted"),
}
# What of a refusal programs can act on.
_TOLD = ("wakes_from",)
_PUT_OUT = {
    "failed": (503, "failed"),
    "frozen": (403, "frozen"),
    "budget": (402, "budget_exhausted"),
    "slept": (503, "stopping"),
    "turned_off": (503, "stopping"),
    "released": (503, "stopping"),
}


def can_be_asked(route: Route) -> bool:
    """True where a request would reach a server that is lit, and wake none."""
    return route.state in ASKED and bool(route.endpoint_url)


def refusal(route: Route) -> Problem:
    """The answer for a deployment that is in no state to be asked."""
    if route.state in (State.ASLEEP, State.OFF):
        return _problem(route, 403, "asleep", f"Start it at {_page(route)} and ask again.")
    if route.state in (State.WAKING, State.DEPLOYING):
        return _waking(route)
    if route.state is State.STOPPING:
        # No time to come back at: a client that repeats by itself would light what somebody just put out.
        return _problem(route, 503, "stopping", f"It can be started again at {_page(route)}.")
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
    return still_waking(route, None if route.eta_s is None else max(0, round(route.eta_s)))


def still_waking(route: Route, eta_s: int | None) -> Problem:
    """It is being woken and not ready yet: ask again, in `eta_s` seconds or within a minute."""
    retry_after_s = min(_LONGEST_RETRY_AFTER_S, max(1, _RETRY_AFTER_S if eta_s is None else eta_s))
    extra = {"eta_s": eta_s, "phase": route.phase or None}
    return _problem(route, 503, "waking", "Ask again when it is ready.", retry_after_s, extra)


def wake_refused(route: Route, refused: Refused) -> Problem:
    """Why nothing was lit for a request; nothing was changed."""
    fallback = 403 if refused.status == 409 else refused.status
    status, code = _REFUSED.get(refused.code, (fallback, refused.code))
    retry_after_s = _BLIND_RETRY_AFTER_S if refused.code == "blind" else None
    extra = {name: refused.fields[name] for name in _TOLD if name in refused.fields}
    return _said(route, status, code, f"{refused.message} See {_page(route)}.", retry_after_s, extra)


def put_out(route: Route, ended: LeaseEnded) -> Problem:
    """Why waiting is over.

    Where somebody put it out, a program that repeats by itself would light it against their will; where it
    went by itself, asking again is right.
    """
    if ended.reason in _PUT_OUT:
        status, code = _PUT_OUT[ended.reason]
        return _said(route, status, code, f"{ended.words} See {_page(route)}.")
    return _said(route, 503, "waking", f"{ended.words} Ask again to wake it.", _RETRY_AFTER_S)


def spent_out(route: Route, key: KnownKey) -> bool:
    """True where the person or the key has spent what it may: what others keep lit is not for them."""
    return key.owner_id in route.spent_out.users or key.key_id in route.spent_out.keys


def budget_spent(route: Route) -> Problem:
    """The limit of a person or a key, whatever the server does."""
    told = "The budget of this key or of its owner is spent. An admin can raise it, or it begins anew."
    return _said(route, 402, "budget_exhausted", f"{told} See {settings.PANEL_PUBLIC_URL}/costs/.")


def unavailable(what: str) -> Problem:
    """The panel cannot answer at the moment, and says so rather than guess. Raise it from the cause, which is
    logged where it is told."""
    headers = ((b"retry-after", b"5"),)
    return Problem(503, UNAVAILABLE, f"{what}. Ask again shortly.", headers=headers)


def _problem(
    route: Route,
    status: int,
    code: str,
    remedy: str,
    retry_after_s: int | None = None,
    extra: dict[str, Any] | None = None,
) -> Problem:
    return _said(route, status, code, f"{route.sentence} {remedy}".strip(), retry_after_s, extra)


def _said(
    route: Route,
    status: int,
    code: str,
    message: str,
    retry_after_s: int | None = None,
    extra: dict[str, Any] | None = None,
) -> Problem:
    retry = (b"retry-after", str(retry_after_s).encode()) if retry_after_s else (b"x-should-retry", b"false")
    return Problem(
        status,
        code,
        message,
        extra={"state": route.state.value, "deployment": route.slug, **(extra or {})},
        headers=(retry,),
    )


def _page(route: Route) -> str:
    return f"{settings.PANEL_PUBLIC_URL}/deployments/{route.slug}/"
