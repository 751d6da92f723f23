"""What an engine turns a spec into, and log lines into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from deployments.planning.spec import Spec


class BootPhase(StrEnum):
    """A step of the engine's start, as told by its log."""

    DOWNLOAD = "download"
    WEIGHTS = "weights"
    COMPILE = "compile"
    WARMUP = "warmup"
    SERVER = "server"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Command:
    """The engine's argv and environment. No secret is in either."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhaseFact:
    """The engine entered or advanced in a phase. `progress` is 0 to 1 where the line tells."""

    phase: BootPhase
    progress: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class TrafficFact:
    """A stats line: requests, tokens per second, cache use and prefix hits as 0 to 1. `preemptions` since the
    line before; None where the line has none."""

    running: int
    waiting: int
    prompt_tokens_per_s: float
    generation_tokens_per_s: float
    kv_cache_use: float
    prefix_hit_rate: float
    preemptions: int | None = None


@dataclass(frozen=True, slots=True)
class SpeculationFact:
    """A speculation line: mean acceptance length, and the share of drafted tokens that was accepted; None
    where it was not a number."""

    acceptance_length: float | None
    draft_acceptance: float | None = None


@dataclass(frozen=True, slots=True)
class MemoryFact:
    """What the engine measured of one rank's memory, in GiB and tokens; a line tells one or two of them."""

    weights_gib: float | None = None
    cache_gib: float | None = None
    cache_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class DeathFact:
    """The engine is dead. `text` is the line; `root` is True where it names the cause itself."""

    text: str
    root: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionFact:
    """An exception was printed. It is the cause if the engine dies next; by itself it may have cost one
    request and nothing else, so it is no death."""

    text: str


Fact = PhaseFact | MemoryFact | TrafficFact | SpeculationFact | DeathFact | ExceptionFact


class Engine(Protocol):
    """Pure: no Django, network or clock."""

    def command(self, spec: Spec) -> Command:
        """The exact argv and environment for a spec. Raises SpecError naming the field."""
        ...

    def read(self, line: str) -> tuple[Fact, ...]:
        """What one log line says; empty for a line that says nothing of use."""
        ...
