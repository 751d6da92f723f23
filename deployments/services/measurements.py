"""What the gateway measured of requests. Only it knows them, and it is not imported here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deployments.metrics.bucket import RequestFact


@dataclass(frozen=True, slots=True)
class Arrival:
    """That there is a request: its row's id, its deployment, when it came."""

    id: int
    deployment_id: int
    at: datetime


class Measurements(Protocol):
    """What is asked of the gateway. Each call costs one query."""

    def newest_id(self) -> int:
        """The highest id of a row; 0 where there is none."""

    def arrivals(self, after_id: int, limit: int) -> Sequence[Arrival]:
        """Rows written after a row, in the order of their ids, those of no deployment left out."""

    def requests(self, deployment_id: int, since: datetime, until: datetime) -> Sequence[RequestFact]:
        """The requests that came from `since` to before `until`."""

    def ended(self, deployment_id: int, since: datetime) -> Sequence[tuple[datetime, str, int]]:
        """When requests ended that came and ended since then, the outcome and the status of each."""


class _Nothing:
    """While no gateway is there."""

    def newest_id(self) -> int:
        return 0

    def arrivals(self, after_id: int, limit: int) -> Sequence[Arrival]:
        return ()

    def requests(self, deployment_id: int, since: datetime, until: datetime) -> Sequence[RequestFact]:
        return ()

    def ended(self, deployment_id: int, since: datetime) -> Sequence[tuple[datetime, str, int]]:
        return ()


_reader: Measurements = _Nothing()


def read_measurements_with(reader: Measurements) -> None:
    """Let `reader` tell from now on; the gateway calls this when it is loaded."""
    global _reader  # one process has one gateway
    _reader = reader


def reader() -> Measurements:
    """Who tells."""
    return _reader
