"""Hearing what pages publish; all of it may get lost."""

import asyncio
from collections.abc import Callable

import redis.asyncio
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from chat.services.nudges import ASKED, CHANNEL, STOP

log = structlog.get_logger(__name__)

_PAUSE_S = 1.0


class Nudges:
    """`asked` is set when a reply was queued."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def listen(self, stop_one: Callable[[str], None]) -> None:
        """For ever; calls `stop_one` with the public id of a reply that is to be stopped."""
        while True:
            try:
                await self._listen(stop_one)
            except (RedisError, OSError) as error:
                log.warning("runner.hears_no_nudges", error=type(error).__name__)
            await asyncio.sleep(_PAUSE_S)

    async def _listen(self, stop_one: Callable[[str], None]) -> None:
        broker = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2.0)
        async with broker, broker.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            self.asked.set()  # what was queued meanwhile
            async for message in channel.listen():
                self._hear(message["data"].decode(), stop_one)

    def _hear(self, text: str, stop_one: Callable[[str], None]) -> None:
        if text == ASKED:
            self.asked.set()
        elif text.startswith(STOP):
            stop_one(text.removeprefix(STOP))
