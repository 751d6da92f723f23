"""What a supervised process is."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Stage(IntEnum):
    """Start goes up the stages and stop comes down: what works for others outlives them."""

    BROKER = 1
    CLOUD = 2
    WEB = 3
    RUNNER = 4
    WORKERS = 5
    BEAT = 6


@dataclass(frozen=True, slots=True)
class Program:
    """One line of the process table.

    `ready` is asked again and again, for at most `ready_limit_s`; `on_ready` runs in a thread after every
    start that became ready. A stop sends SIGTERM and waits `stop_limit_s` before the whole group is killed.
    Output lines that contain `hide` are not shown. `death_signal` is what the kernel sends if the supervisor
    itself is killed.
    """

    name: str
    argv: tuple[str, ...]
    stage: Stage
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_limit_s: float = 60.0
    on_ready: Callable[[], None] | None = None
    before_start: Callable[[], None] | None = None
    stop_limit_s: float = 5.0
    hide: str | None = None
    death_signal: signal.Signals = signal.SIGTERM
