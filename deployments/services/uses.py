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


@dataclass(frozen=True, slots=True)
class Share:
    """The requests of one person by one key (0: a page or the playground). `failed` are those that the engine
    failed, `left` those that their clients broke off; tokens are the engine's own counts."""

    user_id: int
    key_id: int
    requests: int
    failed: int
    left: int
    read_tokens: int
    made_tokens: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came through the door in a span, most requests first, and when the first answer began."""

    shares: tuple[Share, ...] = ()
    first_answer_at: datetime | None = None


class UsageReader(Protocol):
    """What is asked of the gateway. Each call costs one query, `traffic` two, however much is asked for."""

    def uses(self, spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
        """Requests that reached an engine within the spans, each with its deployment's id, and perhaps more.
        Their payers have no name, and no key where a page or the playground asked."""

    def traffic(self, span: Span) -> Traffic:
        """Requests that came within the span and were not refused."""

    def key_names(self, ids: Iterable[int]) -> Mapping[int, str]:
        """The names of those of `ids` that are keys which people made."""

    def key_choices(self) -> Sequence[tuple[int, str]]:
        """The keys that people made and that still open something, with their owners' names."""


class _Nobody:
    """While no gateway is there."""

    def uses(self, spans: Sequence[Span]) -> Sequence[tuple[int, Use]]:
        return ()

    def traffic(self, span: Span) -> Traffic:
        return Traffic()

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


def traffic(span: Span) -> Traffic:
    """See UsageReader.traffic."""
    return _reader.traffic(span)


def key_names(ids: Iterable[int]) -> Mapping[int, str]:
    """See UsageReader.key_names."""
    wanted = set(ids)
    return _reader.key_names(wanted) if wanted else {}


def key_choices() -> Sequence[tuple[int, str]]:
    """See UsageReader.key_choices."""
    return _reader.key_choices()
