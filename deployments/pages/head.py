"""What stands above every tab of a deployment: its state, the primary action and what that would cost."""

from typing import Any

from django.utils import timezone

from deployments.models import Deployment
from deployments.planning.lifecycle import State
from deployments.planning.power import Actor, Scope
from deployments.services import budgets, quote, status
from deployments.services.errors import Refused
from deployments.services.requests import over_cap
from deployments.services.views import Quote, StatusView

from . import live
from .access import PageRequest


def head(request: PageRequest, deployment: Deployment, tab: str = "runs") -> dict[str, Any]:
    """The context of `_status.html` and of the tabs. Reads the panel's database alone."""
    view = status.status_of(deployment, actor=request.actor)
    price = price_of_start(deployment) if "start" in view.verbs else None
    return {
        "nav": "deployments",
        "deployment": deployment,
        "status": view,
        "tab": tab,
        "compact": tab != "runs",
        "poll_s": live.poll_s([view]),
        "quote": price,
        "why_not": over_cap(deployment, request.actor, price) if price else why_not(view, request.actor),
        "budgets": budgets.views(budgets.applying(deployment, request.actor), timezone.now(), fresh=False),
    }


def price_of_start(deployment: Deployment) -> Quote | None:
    """The quote until idle; None where there is nothing to price by, which the dialog explains."""
    try:
        return quote.quote(deployment, until=None)
    except (Refused, LookupError):
        return None


def why_not(view: StatusView, actor: Actor) -> str:
    """Why there is no Start, in a sentence with the remedy; empty where there is one or none is due."""
    if "start" in view.verbs or view.state not in (State.OFF, State.ASLEEP, State.FAILED):
        return ""
    if view.frozen:
        return "Frozen: nothing can be lit until an admin lifts it."
    if not actor.may(Scope.WAKE):
        return "Your role looks. A Member can start it while it is asleep."
    if not actor.may(Scope.OPERATE):
        return "Only an Operator starts it from here."
    return ""
