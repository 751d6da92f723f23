"""The queues as the broker has them: how many messages wait, and since when the oldest."""

import json
import time
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings

from ..celery import CONTROL, DEPLOY
from ..task_messages import SENT_AT

_TIMEOUT_S = 2.0
# Where kombu keeps what workers have taken and not finished.
_TAKEN = "unacked"


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. `oldest_s` is None where nothing waits, or the message does not say."""

    name: str
    waiting: int
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Broker:
    """What the broker answered, how long it took, and how many messages are being worked on."""

    queues: tuple[Queue, ...]
    taken: int
    answered_s: float


def read() -> Broker:
    """Ask the broker, in one round trip. Raises redis.RedisError."""
    client: Any = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
    )
    names, begun = (CONTROL, DEPLOY), time.monotonic()
    try:
        with client.pipeline(transaction=False) as asked:
            for name in names:
                asked.llen(name)
                asked.lindex(name, -1)  # senders push on the left, workers take from the right
            asked.hlen(_TAKEN)
            *found, taken = asked.execute()
    finally:
        client.close()
    answered_s, now = time.monotonic() - begun, time.time()
    queues = [
        Queue(name, found[2 * place], _age(found[2 * place + 1], now)) for place, name in enumerate(names)
    ]
    return Broker(tuple(queues), taken, answered_s)


def _age(message: bytes | None, now: float) -> float | None:
    if message is None:
        return None
    try:
        return max(0.0, now - float(json.loads(message)["headers"][SENT_AT]))
    except (ValueError, KeyError, TypeError):
        return None
