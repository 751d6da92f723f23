"""Telling the readers of a reply what happened.

A stream is bounded twice: the generator writes a snapshot after SNAPSHOT_AFTER events and trims what was
before it, and Valkey itself forgets beyond MOST_EVENTS; it is gone an hour after the last event.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from redis.exceptions import RedisError

from chat.broker import open_async_broker, open_broker

from .events import stream_key

log = structlog.get_logger(__name__)

Told = tuple[str, dict[str, Any]]
MOST_EVENTS = 20_000
SNAPSHOT_AFTER = 2_000
KEPT_S = 3600


def fields_of(told: Told) -> dict[str, str]:
    """An entry of a stream."""
    return {"kind": told[0], "data": json.dumps(told[1], ensure_ascii=False, separators=(",", ":"))}


class Publisher:
    """Writes to many streams in one round trip. For one event loop."""

    def __init__(self) -> None:
        self._broker = open_async_broker()
        self._turn = asyncio.Lock()  # fair: events arrive in the order in which they were handed over

    async def send(self, batches: Iterable[tuple[str, Sequence[Told], bool]]) -> frozenset[str]:
        """Append to the streams of (public id, events, whether they are a snapshot that replaces all before).

        Gives the ids whose readers were not told, all of them where the broker is away: a snapshot is due.
        Takes seconds where the broker hangs, so hold nothing meanwhile.
        """
        sent = list(batches)
        async with self._turn:
            try:
                return await self._send(sent)
            except (RedisError, OSError) as error:
                log.warning("chat.readers_not_told", error=type(error).__name__)
                return frozenset(public_id for public_id, _, _ in sent)

    async def _send(self, batches: Sequence[tuple[str, Sequence[Told], bool]]) -> frozenset[str]:
        pipe = self._broker.pipeline(transaction=False)
        firsts: list[tuple[str, int]] = []
        owners: list[str] = []  # of each command
        for public_id, told, snapshot in batches:
            key = stream_key(public_id)
            if snapshot and told:
                firsts.append((key, len(pipe)))
            for one in told:
                pipe.xadd(key, fields_of(one), maxlen=MOST_EVENTS, approximate=True)  # type: ignore[arg-type]
            pipe.expire(key, KEPT_S)
            owners += [public_id] * (len(told) + 1)
        answers = await pipe.execute(raise_on_error=False)
        failed = {one for one, answer in zip(owners, answers, strict=True) if isinstance(answer, Exception)}
        if failed:
            log.warning("chat.readers_not_told", replies=sorted(failed))
        for key, place in firsts:
            if not isinstance(answers[place], Exception):
                await self._broker.xtrim(key, minid=answers[place], approximate=False)
        return frozenset(failed)

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
        with open_broker() as broker:
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
        with open_broker() as broker:
            broker.delete(*map(stream_key, public_ids))
    except (RedisError, OSError) as error:
        log.warning("chat.stream_not_forgotten", error=type(error).__name__)
