"""A provider for the measurement: many apps, some of them lit and talking.

It computes what it answers from the clock, so that it keeps nothing.
"""

import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from deployments.providers.base import (
    AccountFacts,
    AppFacts,
    ContainerFacts,
    Credentials,
    ListedApp,
    LogEntry,
    Stats,
)

COUNT, LIT = int(os.environ["FOLLOW_COUNT"]), int(os.environ["FOLLOW_LIT"])
LINES_PER_S, BEGIN = int(os.environ["FOLLOW_LINES_PER_S"]), float(os.environ["FOLLOW_BEGIN"])
TRAFFIC = (
    "(APIServer pid=4) INFO 11-24 09:00:10 [loggers.py:257] Engine 000: Avg prompt throughput: 812.4 "
    "tokens/s, Avg generation throughput: 410.{number} tokens/s, Running: 3 reqs, Waiting: 0 reqs, "
    "GPU KV cache usage: 12.1%, Prefix cache hit rate: 44.0%"
)
ANSWERED = (
    '(APIServer pid=4) INFO:     10.0.0.9:{port} - "POST /v1/chat/completions HTTP/1.1" 200 OK {number}'
)
READY = "(APIServer pid=4) INFO:     Application startup complete."


def text_of(tick: int) -> str:
    """The line of a tick: one in 200 tells of the traffic, as vLLM does every ten seconds at this rate."""
    if tick == 0:
        return READY
    if tick % 200 == 0:
        return TRAFFIC.format(number=tick % 10)
    return ANSWERED.format(port=30_000 + tick % 20_000, number=tick)


class Cloud:
    """Implements what observing and reconciling ask of a Provider."""

    def __init__(self, credentials: Credentials) -> None:
        self.speed = Decimal(1)

    def check(self) -> AccountFacts:
        return AccountFacts(workspace="bench", environment="main")

    def containers(self) -> list[ContainerFacts]:
        at = datetime.fromtimestamp(BEGIN, tz=UTC)
        return [
            ContainerFacts(
                container_id=f"ta-{number}", app_id=f"ap-{number}", app_name=f"app-{number}",
                enqueued_at=at, started_at=at, gpu_count=8,
            )
            for number in range(LIT)
        ]  # fmt: skip

    def apps(self) -> list[ListedApp]:
        return [ListedApp(f"ap-{n}", f"app-{n}", True, f"server-{n}") for n in range(COUNT)]

    def find_app(self, app_name: str) -> AppFacts | None:
        number = app_name.rpartition("-")[2]
        at = datetime.fromtimestamp(BEGIN, tz=UTC)
        return AppFacts(f"ap-{number}", app_name, f"https://{app_name}.example", at, 1)

    def stats(self, app_name: str) -> Stats:
        return Stats(backlog=0, running_inputs=3)

    def logs(self, app_id: str, *, since: datetime, until: datetime) -> list[LogEntry]:
        return list(self._lines(app_id.rpartition("-")[2], since, min(until, datetime.now(tz=UTC))))

    def _lines(self, number: str, since: datetime, until: datetime) -> Iterator[LogEntry]:
        if int(number) >= LIT:
            return
        first = max(0, math.ceil((since.timestamp() - BEGIN) * LINES_PER_S))
        for tick in range(first, int((until.timestamp() - BEGIN) * LINES_PER_S) + 1):
            at = datetime.fromtimestamp(BEGIN + tick / LINES_PER_S, tz=UTC)
            yield LogEntry(at=at, text=text_of(tick), container_id=f"ta-{number}")

    def weights_present(self, volume: str, model: str) -> bool | None:
        return True

    def ping(self, endpoint_url: str) -> None:
        """Nothing is kept warm here."""

    def unit_prices(self) -> dict[str, Decimal] | None:
        return None

    def billing_report(self, since: datetime, until: datetime) -> Any:
        return None

    def ended_container(self, container_id: str) -> None:
        return None
