"""Short messages to the generators. All of them may get lost: the rows say the same."""

import structlog
from redis.exceptions import RedisError

from chat.broker import open_broker

log = structlog.get_logger(__name__)

CHANNEL = "chat:nudges"
ASKED = "asked"
STOP = "stop:"


def asked() -> None:
    """A reply is queued."""
    _publish(ASKED)


def stop(public_id: str) -> None:
    """The reply `public_id` is to be stopped."""
    _publish(STOP + public_id)


def _publish(text: str) -> None:
    """Say it once. Without a broker the generators find the row by themselves, a second or two later."""
    try:
        with open_broker() as broker:
            broker.publish(CHANNEL, text)
    except (RedisError, OSError) as error:
        log.warning("chat.nudge_lost", error=type(error).__name__)
