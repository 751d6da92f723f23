"""What is known of the panel itself at one moment. What cannot be asked is None, never an error."""

import shutil
import time
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from chat import public as chat
from deployments import public
from deployments.public import Watch

from . import queues

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system that the panel's data folder lies on."""

    free_bytes: int
    total_bytes: int

    @property
    def free_share(self) -> float:
        """0 to 1."""
        return self.free_bytes / self.total_bytes if self.total_bytes else 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """`database_s` is what one question took; ages are in seconds, None where nobody ever reported."""

    at: datetime
    version: str
    database_s: float | None
    broker: queues.Broker | None
    runner_age_s: float | None
    watch: Watch | None
    disk: Disk | None

    def age_s(self, name: str) -> float | None:
        """Seconds since this heartbeat."""
        seen = self.watch.heartbeats.get(name) if self.watch is not None else None
        return (self.at - seen).total_seconds() if seen is not None else None

    @property
    def gateway_ages_s(self) -> list[float]:
        """Of every gateway process that was seen in the last hour, the freshest first."""
        beats = self.watch.heartbeats.items() if self.watch is not None else ()
        return sorted((self.at - at).total_seconds() for name, at in beats if name.startswith(public.GATEWAY))


def facts(now: datetime) -> Facts:
    """Ask the database, the broker and the disk; each at most a few seconds."""
    database_s = _database_s()
    return Facts(
        at=now,
        version=version(),
        database_s=database_s,
        broker=_broker(),
        runner_age_s=chat.generator_age_s(now) if database_s is not None else None,
        watch=public.watch(now) if database_s is not None else None,
        disk=_disk(),
    )


def _database_s() -> float | None:
    begun = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.warning("on_call.no_database")
        return None
    return time.monotonic() - begun


def _broker() -> queues.Broker | None:
    try:
        return queues.read()
    except (redis.RedisError, OSError) as error:
        log.warning("on_call.no_broker", error=type(error).__name__)
        return None


def _disk() -> Disk | None:
    try:
        use = shutil.disk_usage(settings.PANEL_DATA_DIR)
    except OSError:
        return None
    return Disk(use.free, use.total)


@cache
def version() -> str:
    """The version of the panel, as its pyproject.toml has it."""
    text = (settings.BASE_DIR / "pyproject.toml").read_text()
    return str(tomllib.loads(text)["project"]["version"])
