"""A provider in a few lines, for the decision alone: containers boot, idle out, crash, are taken away."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count


class Unreachable(Exception):
    """The provider does not answer."""


@dataclass
class Container:
    """One container. `boot` None never becomes ready."""

    number: int
    began: datetime
    boot: timedelta | None
    ready_at: datetime | None = None
    last_request: datetime | None = None

    @property
    def goes_out_after(self) -> datetime | None:
        """The instant from which its idle window counts."""
        return max(filter(None, (self.ready_at, self.last_request)), default=None)


@dataclass
class Cloud:
    """At most one container; requests wait in `backlog` and bring one up; a crash is repeated for ever."""

    now: datetime
    idle: timedelta
    boot: timedelta | None
    release: int | None = None
    container: Container | None = None
    backlog: int = 0
    load_until: datetime | None = None
    reachable: bool = True
    wakes: int = 0
    lit_seconds: float = 0.0
    numbers: count = field(default_factory=lambda: count(1))

    def pass_time(self, seconds: float) -> None:
        """One second after the other: things happen at their true instant."""
        for _ in range(round(seconds)):
            self.now += timedelta(seconds=1)
            self._second()

    def _second(self) -> None:
        if self.container is None:
            if self.backlog and self.release is not None:
                self.container = Container(next(self.numbers), self.now, self.boot)
            return
        self.lit_seconds += 1
        box = self.container
        if box.ready_at is None:
            if box.boot is not None and self.now >= box.began + box.boot:
                box.ready_at = self.now
            return
        if self.backlog:
            self.backlog, box.last_request = 0, self.now
        if self.loaded:
            box.last_request = self.now
        elif self.now >= box.goes_out_after + self.idle:
            self.container = None

    @property
    def loaded(self) -> bool:
        """A request is being worked on."""
        ready = self.container is not None and self.container.ready_at is not None
        return ready and self.load_until is not None and self.now < self.load_until

    def _check(self) -> None:
        if not self.reachable:
            raise Unreachable

    def deploy(self, release: int) -> None:
        self._check()
        self.release, self.container = release, None

    def send_wake(self) -> None:
        """The one request. Never a second one beside a first that still waits."""
        self._check()
        if self.release is not None:
            assert self.backlog == 0, "a second wake was paid for while the first one still waits"
            self.backlog += 1
            self.wakes += 1

    def ping(self) -> None:
        self._check()
        if self.container is not None and self.container.ready_at is not None:
            self.container.last_request = self.now
        elif self.release is not None:
            self.backlog += 1

    def stop_container(self, *, graceful: bool) -> None:
        """A hard stop reschedules what was being worked on, as documented."""
        self._check()
        if graceful and self.loaded:
            return
        self.take_away()

    def take_away(self) -> None:
        """The container goes; its unfinished work waits for the next one."""
        if self.loaded or (self.container is not None and self.container.ready_at is None):
            self.backlog += 1
        self.container = None

    def turn_off(self) -> None:
        self._check()
        self.release, self.container, self.backlog, self.load_until = None, None, 0, None
