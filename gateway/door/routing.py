"""From a model's name to a deployment, from routes that are at most a second old."""

from collections.abc import Awaitable, Callable, Sequence

from deployments.public import Route, State

from .clock import Clock
from .problems import Problem
from .single_flight import SingleFlight

ROUTES_MAX_AGE_S = 1.0

_PREFERRED = (State.READY, State.DEGRADED, State.WAKING, State.DEPLOYING, State.ASLEEP)


class RouteTable:
    """The routes as they were at most ROUTES_MAX_AGE_S before being asked for, plus the time of one read."""

    def __init__(self, load: Callable[[], Awaitable[Sequence[Route]]], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._routes: tuple[Route, ...] = ()
        self._asked_at = float("-inf")
        self._loads: SingleFlight[tuple[Route, ...]] = SingleFlight()

    async def all(self, *, after: float = float("-inf")) -> tuple[Route, ...]:
        """Every route, as read after the monotonic time `after`.

        Raises what the load raises: old routes are never used, they might wake a server.
        """
        # Their age is judged at the asking: a read that takes longer than they last would never be enough.
        oldest = self._clock.monotonic() - ROUTES_MAX_AGE_S
        while self._asked_at <= oldest or self._asked_at < after:
            await self._loads.do("routes", self._refresh)
        return self._routes

    async def _refresh(self) -> tuple[Route, ...]:
        asked_at = self._clock.monotonic()
        self._routes = tuple(await self._load())
        self._asked_at = asked_at
        return self._routes


def visible(routes: Sequence[Route], deployments: frozenset[str] | None) -> list[Route]:
    """The routes that a key limited to `deployments` may know of."""
    return [route for route in routes if deployments is None or route.slug in deployments]


def find(routes: Sequence[Route], model: str) -> Route:
    """The route that `model` names by slug or by the served name; Problem 404 where there is none.

    Of several deployments that serve the same name, the one nearest to an answer; the slug chooses exactly.
    """
    for route in routes:
        if route.slug == model:
            return route
    served = [route for route in routes if route.model == model]
    if not served:
        names = ", ".join(model_ids(routes)) or "none"
        message = f"There is no model {model[:200]!r} for this key. Models: {names}."
        raise Problem(404, "model_not_found", message, param="model")
    return min(served, key=_distance)


def same(routes: Sequence[Route], route: Route) -> Route:
    """The deployment of `route` as it is in `routes`; Problem 404 where it is no longer there."""
    found = next((now for now in routes if now.deployment_id == route.deployment_id), None)
    if found is None:
        message = f"The deployment {route.slug} is no longer there for this key."
        raise Problem(404, "model_not_found", message, param="model")
    return found


def _distance(route: Route) -> tuple[int, int]:
    place = _PREFERRED.index(route.state) if route.state in _PREFERRED else len(_PREFERRED)
    return place, route.deployment_id


def model_ids(routes: Sequence[Route]) -> list[str]:
    """The name under which each route is listed: the served one, or the slug where two serve the same."""
    served = [route.model for route in routes]
    return [route.model if served.count(route.model) == 1 else route.slug for route in routes]
