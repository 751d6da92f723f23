"""Connections to the broker for short messages. One that never answers costs seconds."""

import redis.asyncio
from django.conf import settings
from redis import Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_S = 1.0


def open_broker() -> Redis:
    """A client whose calls raise RedisError or OSError after PATIENCE_S: nothing is tried again."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE_S,
        socket_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )


def open_async_broker() -> redis.asyncio.Redis:
    """The same for one event loop. One more try finds a broker that was restarted behind a connection."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE_S,
        socket_timeout=PATIENCE_S,
        retry=AsyncRetry(NoBackoff(), 1),
    )
