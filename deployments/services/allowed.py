"""Whether anything new may be lit at all (law 3)."""

from datetime import datetime, timedelta

from deployments.models import Deployment
from deployments.planning.power import Actor

from . import budgets, costs, prices
from .errors import Refused
from .facts import spec_of
from .frozen import current_freeze

# Blind for this long: nothing new is lit (law 3).
BLIND_LIMIT = timedelta(seconds=60)


def check_can_light(
    deployment: Deployment,
    now: datetime,
    *,
    actor: Actor,
    wish: budgets.Wish | None = None,
    lock: bool = True,
) -> None:
    """Raise Refused while everything is frozen, the provider cannot be read for a minute, or its prices were
    not checked for half a year, or a budget that it would spend from is spent or would not carry `wish`.

    Call it inside the transaction that writes what spends (see `budgets.check`). Without `lock` it only
    looks, before there is one: what is refused must not stand in line with those who put it out.
    """
    freeze = current_freeze()
    if freeze is not None:
        raise Refused(
            "frozen",
            f"Everything is frozen by {freeze.set_by_name}. An admin has to lift the freeze first.",
            status=409,
        )
    blind = deployment.account.blind_since
    if blind is not None and now > blind + BLIND_LIMIT:
        raise Refused(
            "blind",
            f"{deployment.account.name} cannot be read since {blind:%H:%M} UTC, so nothing new is lit."
            f" It said: {deployment.account.last_error or 'nothing'}",
            status=503,
        )
    prices.check_fresh(deployment.account, costs.resources(spec_of(deployment), deployment.account), now)
    budgets.check(deployment, actor, now, wish, lock=lock)
