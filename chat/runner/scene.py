"""What the servers do for which replies wait: read from the panel's rows, never from a server."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from deployments.planning.power import SYSTEM
from deployments.public import State, deployment_status

_UP = frozenset({State.READY, State.DEGRADED})


@dataclass(frozen=True, slots=True)
class View:
    """One deployment at a moment. `in_flight`: requests open at all gateways, as they last said."""

    up: bool
    phase: str
    eta_s: float | None
    usd_per_hour: Decimal
    in_flight: int


def look(slugs: Iterable[str]) -> dict[str, View]:
    """The deployments of these slugs; those that are gone are left out. About ten queries each."""
    shown = {slug: deployment_status(slug, SYSTEM) for slug in sorted(set(slugs))}
    return {
        slug: View(
            up=status.state in _UP,
            phase=status.phase or status.state.value,
            eta_s=status.eta_s,
            usd_per_hour=status.price_usd_per_hour,
            in_flight=status.in_flight,
        )
        for slug, status in shown.items()
        if status is not None
    }
