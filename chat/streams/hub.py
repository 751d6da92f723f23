"""One connection that reads every stream which somebody in this process follows."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import redis.asyncio
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from .events import FROM_ROWS, Event, stream_key

log = structlog.get_logger(__name__)

# A reader that is this far behind starts again from what it has: memory stays bounded.
MOST_WAITING = 1_000
_MOST_AT_ONCE = 200
# What comes within this time is handed on together: a read costs as much for one event as for fifty.
_GATHER_S = 0.01
# A new follower of another stream is read to within this time.
_BLOCK_MS = 50
_IDLE_S = 5.0
_PAUSE_S = 0.5

Entry = tuple[bytes, dict[bytes, bytes]]


class Behind(Exception):
    """The reader was too slow: begin again after the last event it has."""


class BrokerAway(Exception):
    """Nobody can read streams now."""


class Follower:
    """One reader of one stream."""

    def __init__(self, public_id: str, after: str) -> None:
        self.key = stream_key(public_id)
        self.position = after
        self.lost: type[Exception] | None = None
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING + 1)

    def give(self, event: Event) -> None:
        """Hand an event on; one that is too far behind is told so instead."""
        if self.lost:
            return
        if self._queue.qsize() >= MOST_WAITING:
            self.lose(Behind)
        else:
            self._queue.put_nowait(event)

    def lose(self, why: type[Exception]) -> None:
        """Tell it to begin again."""
        if self.lost is None:
            self.lost = why
            self._queue.put_nowait(None)

    async def next(self, within_s: float) -> Event | None:
        """The next event; None where none came. Raises Behind or BrokerAway."""
        try:
            async with asyncio.timeout(within_s):
                event = await self._queue.get()
        except TimeoutError:
            return None
        if event is None and self.lost is not None:
            raise self.lost
        return event


class Hub:
    """Followers by stream, and the task that reads for them. For one event loop.

    `_positions` is how far each stream was read; a newcomer is brought up to there before it is joined.
    """

    def __init__(self) -> None:
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        self._newcomers: list[Follower] = []
        self._positions: dict[Any, Any] = {}  # redis-py's own types are wider than what it is given here
        self._task: asyncio.Task[None] | None = None

    def join(self, public_id: str, after: str | None) -> Follower:
        """Follow a stream from after an id; from its beginning without one."""
        follower = Follower(public_id, after or FROM_ROWS)
        self._newcomers.append(follower)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read(), name="chat-hub")
        return follower

    def leave(self, follower: Follower) -> None:
        """Stop following."""
        if follower in self._newcomers:
            self._newcomers.remove(follower)
        readers = self._followers.get(follower.key, set())
        readers.discard(follower)
        if not readers:
            self._followers.pop(follower.key, None)
            self._positions.pop(follower.key, None)

    async def _read(self) -> None:
        """Until nobody has followed anything for a while."""
        broker = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2.0)
        try:
            idle_since = asyncio.get_running_loop().time()
            while True:
                if self._followers or self._newcomers:
                    idle_since = asyncio.get_running_loop().time()
                elif asyncio.get_running_loop().time() - idle_since > _IDLE_S:
                    return
                await self._round(broker)
        finally:
            self._lose_all()
            await broker.aclose()

    async def _round(self, broker: redis.asyncio.Redis) -> None:
        try:
            await self._admit(broker)
            if not self._positions:
                await asyncio.sleep(_BLOCK_MS / 1000)
                return
            found = await broker.xread(dict(self._positions), count=_MOST_AT_ONCE, block=_BLOCK_MS)
            for key, entries in _streams(found):
                self._hand_out(key, entries)
            if found:
                await asyncio.sleep(_GATHER_S)
        except (RedisError, OSError) as error:
            log.warning("chat.hub_lost_the_broker", error=type(error).__name__)
            self._lose_all()
            await asyncio.sleep(_PAUSE_S)

    async def _admit(self, broker: redis.asyncio.Redis) -> None:
        """Newcomers to a stream that is read already get what they missed; others say where it begins."""
        while self._newcomers:
            follower = self._newcomers[0]
            read_to = self._positions.get(follower.key)
            if read_to is None:
                self._positions[follower.key] = follower.position
            elif not await self._catch_up(broker, follower, read_to):
                continue
            if follower in self._newcomers:
                self._newcomers.remove(follower)
                self._followers[follower.key].add(follower)

    async def _catch_up(self, broker: redis.asyncio.Redis, follower: Follower, read_to: str) -> bool:
        """Give what lies between; False where more is left. A reader that leaves meanwhile is no matter."""
        entries: Any = await broker.xrange(
            follower.key, min=f"({follower.position}", max=read_to, count=_MOST_AT_ONCE
        )
        for event in map(_event, entries):
            follower.give(event)
            follower.position = event.id
        return len(entries) < _MOST_AT_ONCE or follower.lost is not None

    def _hand_out(self, key: str, entries: Iterable[Entry]) -> None:
        for event in map(_event, entries):
            if key not in self._positions:
                return
            self._positions[key] = event.id
            for follower in self._followers.get(key, ()):
                follower.give(event)

    def _lose_all(self) -> None:
        for readers in self._followers.values():
            for follower in readers:
                follower.lose(BrokerAway)
        for follower in self._newcomers:
            follower.lose(BrokerAway)
        self._followers.clear()
        self._newcomers.clear()
        self._positions.clear()


def _streams(found: Any) -> list[tuple[str, list[Entry]]]:
    """What XREAD answered: pairs by the older protocol, a mapping by the newer one."""
    pairs = found.items() if isinstance(found, dict) else found or ()
    streams = []
    for key, entries in pairs:
        if isinstance(found, dict) and entries and isinstance(entries[0], list):
            entries = [entry for part in entries for entry in part]
        streams.append((key.decode() if isinstance(key, bytes) else key, entries))
    return streams


def _event(entry: Entry) -> Event:
    number, fields = entry
    return Event(number.decode(), fields[b"kind"].decode(), json.loads(fields[b"data"]))
