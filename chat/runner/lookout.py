"""Watches the servers for the replies that wait for them or are written by them."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from chat.threads import in_thread

from .scene import View, look
from .writing import Writing

_FRESH = timedelta(seconds=1)


class Lookout:
    """Tells replies that wait what they wait for, and their meters what an hour costs and who shares it.

    It reads the panel's rows, for all replies at once; no server is touched.
    """

    every_s = 1.0

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._watched: dict[int, tuple[Writing, str]] = {}
        self._views: dict[str, View] = {}
        self._looked_at: dict[str, datetime] = {}

    async def watch(self, writing: Writing, slug: str) -> None:
        """Begin, with what is seen now."""
        now = self._now()
        writing.started_at = writing.started_at or now
        self._watched[writing.pk] = (writing, slug)
        if slug not in self._looked_at or now - self._looked_at[slug] > _FRESH:
            await self._look([slug])
        self._tell(writing, slug)

    def begun(self, writing: Writing) -> None:
        """Its first token came, perhaps before the server was seen to be up."""
        if writing.pk in self._watched:
            self._set_meter(writing, self._watched[writing.pk][1])

    def forget(self, pk: int) -> None:
        """It is over."""
        self._watched.pop(pk, None)

    async def round(self) -> None:
        """Look again, where anybody waits or pays."""
        slugs = {slug for _, slug in self._watched.values()}
        self._looked_at = {slug: at for slug, at in self._looked_at.items() if slug in slugs}
        if not slugs:
            return
        await self._look(sorted(slugs))
        for writing, slug in list(self._watched.values()):
            self._tell(writing, slug)

    async def _look(self, slugs: list[str]) -> None:
        self._views |= await in_thread(look, slugs)
        self._looked_at |= dict.fromkeys(slugs, self._now())

    def _tell(self, writing: Writing, slug: str) -> None:
        view = self._views.get(slug)
        if view is None or writing.closed:
            return
        if view.up or writing.received:
            writing.served(self._now())
            self._set_meter(writing, slug)
        else:
            writing.wait(self._now(), phase=view.phase, eta_s=view.eta_s)

    def _set_meter(self, writing: Writing, slug: str) -> None:
        view = self._views.get(slug)
        if view is not None:
            own = Counter(of for _, of in self._watched.values())[slug]
            writing.meter.set(view.usd_per_hour, max(view.in_flight, own), self._now())
