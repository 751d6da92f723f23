"""Requests of people and keys, as the gateway tells them. Only it knows them, and it is not imported here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deployments.ledger.attribution import Use


@dataclass(frozen=True, slots=True)
class Span:
    """A time of one deployment."""

    deployment_id: int
    since: datetime
    until: datetime


class UsageReader(Protocol):
    """What is asked of the gateway. Both calls cost one query, however much they are asked for."""

    def uses(self, spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
        """Requests that reached an engine within the spans, each with its deployment's id, and perhaps more.
        Their payers have no name, and no key where a page or the playground asked."""

    def key_names(self, ids: Iterable[int]) -> Mapping[int, str]:
        """The names of those of `ids` that are keys which people made."""

    def key_choices(self) -> Sequence[tuple[int, str]]:
        """The keys that people made and that still open something, with their owners' names."""


class _Nobody:
    """While no gateway is there."""

    def uses(self, spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
        return ()

    def key_names(self, ids: Iterable[int]) -> Mapping[int, str]:
        return {}

    def key_choices(self) -> Sequence[tuple[int, str]]:
        return ()


_reader: UsageReader = _Nobody()


def read_usage_with(reader: UsageReader) -> None:
    """Let `reader` tell usage from now on; the gateway calls this when it is loaded."""
    global _reader  # one process has one gateway
    _reader = reader


def uses(spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
    """See UsageReader.uses."""
    return _reader.uses(spans) if spans else ()


def key_names(ids: Iterable[int]) -> Mapping[int, str]:
    """See UsageReader.key_names."""
    wanted = set(ids)
    return _reader.key_names(wanted) if wanted else {}


def key_choices() -> Sequence[tuple[int, str]]:
    """See UsageReader.key_choices."""
    return _reader.key_choices()
