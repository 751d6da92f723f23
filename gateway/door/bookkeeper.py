"""What the door tells the rest of the panel: usage, who is in, who was here, what broke. In batches."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import structlog

from deployments.public import InFlightRow
from gateway.known_key import mark_used
from gateway.models import UsageRecord

from .backstage import Backstage
from .clock import Clock
from .database import Database
from .exchange import Exchange
from .usage_rows import write_usage

log = structlog.get_logger(__name__)

TICK_S = 1.0
_BATCH_ROWS = 100
_MOST_PER_WRITE = 500
# How often a process says that it lives; the one on call is shown when it stops.
_LIVES_EVERY_S = 10.0
# At 20 requests a second this is a quarter of an hour without a database.
_MOST_ROWS = 20_000
# A client that takes nothing for so long holds a place in the engine, and a lit server, for nobody.
_STALLED_AFTER_S = 120.0


class Bookkeeper:
    """Keeps the open exchanges and the ended ones that are not written yet. Never holds a request up."""

    def __init__(
        self,
        backstage: Backstage,
        clock: Clock,
        process: str,
        *,
        write: Callable[[Sequence[UsageRecord]], None] = write_usage,
        mark: Callable[[Mapping[int, datetime]], None] = mark_used,
    ) -> None:
        self._write = write
        self._mark = mark
        self._backstage = backstage
        self._clock = clock
        self._process = process
        self._database = Database(threads=1, name="gateway-books")
        self._open: set[Exchange] = set()
        self._rows: deque[UsageRecord] = deque(maxlen=_MOST_ROWS)
        self._used_keys: dict[int, datetime] = {}
        self._used: dict[int, datetime] = {}
        self._failures: dict[int, tuple[datetime, str]] = {}
        self._reported = False
        self._said_alive: float | None = None
        self._full = asyncio.Event()
        self._telling = asyncio.Lock()
        self._task = asyncio.create_task(self._run())

    def begin(self, exchange: Exchange) -> None:
        """Count `exchange` as open."""
        self._open.add(exchange)

    def end(self, exchange: Exchange) -> None:
        """Take `exchange` over for writing. Of strangers nothing is written: they could fill the table."""
        self._open.discard(exchange)
        exchange.duration_s = exchange.elapsed_s()
        if exchange.key is None:
            return
        now = self._clock.now()
        self._used_keys[exchange.key.key_id] = now
        if exchange.recorded:
            self._rows.append(exchange.row())
        if exchange.asked and exchange.counts_as_use and exchange.route is not None:
            self._used[exchange.route.deployment_id] = now
        if len(self._rows) >= _BATCH_ROWS:
            self._full.set()

    def engine_failed(self, exchange: Exchange, text: str) -> None:
        """Note that the engine behind `exchange` failed; the last one of a tick is told."""
        if exchange.route is not None:
            self._failures[exchange.route.deployment_id] = (self._clock.now(), text)

    @property
    def open(self) -> tuple[Exchange, ...]:
        """The exchanges that are under way."""
        return tuple(self._open)

    async def close(self) -> None:
        """Write what is left, once, and say that nothing is open."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._open.clear()
        await self.tick()
        self._database.close()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), TICK_S)
            self._full.clear()
            await self.tick()

    async def tick(self) -> None:
        """Tell everything that is there to tell; what fails is tried again at the next tick."""
        self._let_stalled_go()
        async with self._telling:  # two at once would write the same rows
            await self._attempt("in flight", self._tell_in_flight)
            await self._attempt("use", self._tell_use)
            await self._attempt("failures", self._tell_failures)
            await self._attempt("usage", self._write_rows)
            await self._attempt("life", self._tell_life)

    async def _attempt(self, what: str, tell: Callable[[], Any]) -> None:
        try:
            await tell()
        except Exception:
            log.warning("gateway_books_failed", what=what, rows_waiting=len(self._rows), exc_info=True)

    async def _tell_in_flight(self) -> None:
        asking = self._counted(lambda exchange: exchange.asked)
        waiting = self._counted(lambda exchange: exchange.waiting_since is not None)
        if not asking and not waiting and not self._reported:
            return
        holders = [InFlightRow(*who, asking[who], waiting[who]) for who in asking | waiting]
        await self._database.run(self._backstage.report_in_flight, self._process, holders)
        self._reported = bool(holders)

    def _counted(self, of: Callable[[Exchange], bool]) -> Counter[tuple[int, str, int]]:
        """The open exchanges that are use, or will be, by deployment, owner and key."""
        return Counter(
            (exchange.route.deployment_id, exchange.key.owner_name, exchange.key.key_id)
            for exchange in self._open
            if exchange.counts_as_use and exchange.route and exchange.key and of(exchange)
        )

    async def _tell_use(self) -> None:
        while self._used:
            deployment_id, at = self._used.popitem()
            try:
                await self._database.run(self._backstage.note_use, deployment_id, at)
            except Exception:
                self._used.setdefault(deployment_id, at)
                raise
        if self._used_keys:
            used, self._used_keys = self._used_keys, {}
            try:
                await self._database.run(self._mark, used)
            except Exception:
                self._used_keys = used | self._used_keys
                raise

    async def _tell_failures(self) -> None:
        while self._failures:
            deployment_id, (at, text) = self._failures.popitem()
            try:
                await self._database.run(self._backstage.note_engine_failure, deployment_id, at, text)
            except Exception:
                self._failures.setdefault(deployment_id, (at, text))
                raise

    async def _tell_life(self) -> None:
        now = self._clock.monotonic()
        if self._said_alive is None or now - self._said_alive >= _LIVES_EVERY_S:
            await self._database.run(self._backstage.gateway_lives, self._process, self._clock.now())
            self._said_alive = now

    async def _write_rows(self) -> None:
        while self._rows:
            batch = list(islice(self._rows, _MOST_PER_WRITE))
            await self._database.run(self._write, batch)
            written = {id(row) for row in batch}
            while self._rows and id(self._rows[0]) in written:
                self._rows.popleft()

    def _let_stalled_go(self) -> None:
        now = self._clock.monotonic()
        for exchange in self._open:
            since = exchange.sending_since
            if (
                since is not None
                and now - since > _STALLED_AFTER_S
                and exchange.task
                and not exchange.stalled
            ):
                exchange.stalled = True
                exchange.task.cancel()
