"""Asking the panel to light a server for a request, and why it did not."""

from deployments.public import Refused, Route, Via, Waking
from gateway.known_key import KnownKey

from .backstage import Backstage
from .database import Database
from .exchange import Exchange
from .problems import Problem
from .refusals import put_out, unavailable, wake_refused
from .single_flight import SingleFlight


class Waker:
    """Wakes once for all requests of one key that come at the same time; the panel itself sees to it that a
    holder has one lease, whatever other processes do."""

    def __init__(self, backstage: Backstage, database: Database) -> None:
        self._backstage = backstage
        self._database = database
        self._asking: SingleFlight[Waking] = SingleFlight()
        self._known: dict[tuple[int, int], Waking] = {}

    def close(self) -> None:
        """Start nothing new."""
        self._database.close()

    async def wake(self, route: Route, exchange: Exchange, key: KnownKey, address: str | None) -> Waking:
        """The wake that a lease of the key's owner pays for. Problem where nothing may be lit, 503 where it
        cannot be asked for."""
        place = (route.deployment_id, key.owner_id)
        known = self._known.get(place)
        if known is not None and known.lease_id in route.leases - route.spent_leases:
            return known  # their lease lit it a second ago: nothing has to be written
        actor = key.actor(via=Via.GATEWAY, address=address)
        reason = f"a request to {exchange.path} by {key.name or 'a key'}"

        async def ask() -> Waking:
            return await self._database.run(
                self._backstage.wake_for,
                route.deployment_id,
                actor=actor,
                reason=reason,
                by_person=key.internal,
            )

        try:
            waking = self._known[place] = await self._asking.do((*place, key.key_id), ask)
        except Refused as refused:
            raise wake_refused(route, refused) from refused
        except Exception as error:
            raise unavailable("The server could not be woken") from error
        return waking

    async def why_out(self, route: Route, waking: Waking) -> Problem | None:
        """Why the lease of `waking` ended; None where it has not."""
        if waking.lease_id in route.leases:
            return None
        self._known = {place: known for place, known in self._known.items() if known != waking}
        try:
            ended = await self._database.run(self._backstage.lease_ended, waking.lease_id)
        except Exception as error:
            raise unavailable("The state of the start could not be read") from error
        return put_out(route, ended) if ended is not None else None
