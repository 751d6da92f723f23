"""Telling the readers of a reply what happened.

A stream is bounded twice: the generator writes a snapshot after SNAPSHOT_AFTER events and trims what was
before it, and Valkey itself forgets beyond MOST_EVENTS; it is gone an hour after the last event.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import redis.asyncio
import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from .events import stream_key

log = structlog.get_logger(__name__)

Told = tuple[str, dict[str, Any]]
MOST_EVENTS = 20_000
SNAPSHOT_AFTER = 2_000
KEPT_S = 3600
_PATIENCE_S = 1.0


def fields_of(told: Told) -> dict[str, str]:
    """An entry of a stream."""
    return {"kind": told[0], "data": json.dumps(told[1], ensure_ascii=False, separators=(",", ":"))}


class Publisher:
    """Writes to many streams in one round trip. For one event loop."""

    def __init__(self) -> None:
        self._broker = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=_PATIENCE_S)

    async def send(self, batches: Iterable[tuple[str, Sequence[Told], bool]]) -> bool:
        """Append to the streams of (public id, events, whether they are a snapshot that replaces all before).

        False where the broker is away: nobody was told, and a snapshot is due.
        """
        pipe = self._broker.pipeline(transaction=False)
        firsts: list[tuple[str, int]] = []
        for public_id, told, snapshot in batches:
            key = stream_key(public_id)
            if snapshot and told:
                firsts.append((key, len(pipe)))
            for one in told:
                pipe.xadd(key, fields_of(one), maxlen=MOST_EVENTS, approximate=True)  # type: ignore[arg-type]
            pipe.expire(key, KEPT_S)
        try:
            ids = await pipe.execute()
            for key, place in firsts:
                await self._broker.xtrim(key, minid=ids[place], approximate=False)
        except (RedisError, OSError) as error:
            log.warning("chat.readers_not_told", error=type(error).__name__)
            return False
        return True

    async def forget(self, public_id: str) -> None:
        """Drop the stream of a reply that was deleted."""
        try:
            await self._broker.delete(stream_key(public_id))
        except (RedisError, OSError) as error:
            log.warning("chat.stream_not_forgotten", error=type(error).__name__)

    async def close(self) -> None:
        """Give the connection back."""
        await self._broker.aclose()


def tell(public_id: str, told: Sequence[Told]) -> None:
    """The same for one reply, from where no event loop runs. Best effort: the rows say it too."""
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S
        ) as broker:
            for one in told:
                broker.xadd(stream_key(public_id), fields_of(one), maxlen=MOST_EVENTS)
            broker.expire(stream_key(public_id), KEPT_S)
    except (RedisError, OSError) as error:
        log.warning("chat.readers_not_told", error=type(error).__name__)


def forget(public_ids: Sequence[str]) -> None:
    """Drop the streams of replies that are deleted. Best effort: they are gone within the hour anyway."""
    if not public_ids:
        return
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S
        ) as broker:
            broker.delete(*map(stream_key, public_ids))
    except (RedisError, OSError) as error:
        log.warning("chat.stream_not_forgotten", error=type(error).__name__)
