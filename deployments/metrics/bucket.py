"""What was measured in one stretch of time, as sums, peaks and histograms: adding two makes a longer one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from . import histogram
from .histogram import Histogram

# What the engine told: sums over its stats lines, of which there are `samples`, and over those of its lines
# that tell of speculation, of which there are `drafts`.
ENGINE_SUMS = (
    "samples", "running_sum", "waiting_sum", "prompt_rate_sum", "generation_rate_sum", "kv_sum",
    "prefix_sum", "preemptions", "lengths", "length_sum", "drafts", "acceptance_sum",
)  # fmt: skip
# What the gateway measured: requests by how they ended, and the engine's own counts of their tokens.
CLASSES = ("answered", "engine_errors", "client_errors", "refused", "left", "cut")
TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")
SUMS = (*ENGINE_SUMS, *CLASSES, *TOKENS)
MAXIMA = ("running_max", "waiting_max", "generation_rate_max", "kv_max")
NUMBERS = (*SUMS, *MAXIMA)
# Time to first token, time per token after it, whole time, time held before the engine was asked.
HISTOGRAMS = ("ttft", "token", "whole", "held")
_WHOLE_NUMBERS = frozenset({"samples", "preemptions", "lengths", "drafts", *CLASSES, *TOKENS,
                            "running_max", "waiting_max"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SampleFact:
    """One observation of an engine. The rates and shares are None in one that tells of speculation alone."""

    at: datetime
    running: int
    waiting: int
    prompt_tokens_per_s: float | None
    generation_tokens_per_s: float | None
    kv_cache_use: float | None
    prefix_hit_rate: float | None
    acceptance_length: float | None
    draft_acceptance: float | None
    preemptions: int | None


@dataclass(frozen=True, slots=True)
class RequestFact:
    """One request that came to the gateway at `at`, as it measured it; durations in seconds.

    `outcome` is the gateway's word. `waited_s` is the time before the engine was asked, None where it was not
    held; `first_byte_s` is counted from when it was asked.
    """

    at: datetime
    outcome: str
    status: int
    stream: bool
    waited_s: float | None
    first_byte_s: float | None
    duration_s: float
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None


@dataclass(slots=True)
class Bucket:
    """Sums and peaks by name (see NUMBERS) and histograms by name; what is not there is nothing."""

    numbers: dict[str, float] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)

    def add(self, other: "Bucket") -> None:
        """Take what `other` measured in, too."""
        for name, number in other.numbers.items():
            mine = self.numbers.get(name, 0)
            self.numbers[name] = max(mine, number) if name in MAXIMA else mine + number
        for name, counted in other.histograms.items():
            histogram.add(self.histograms.setdefault(name, {}), counted)

    def rounded(self) -> dict[str, float]:
        """Every number as it is stored: exact counts, other sums to six places, so that the order in which
        they were added up does not show."""
        return {
            name: int(self.numbers.get(name, 0))
            if name in _WHOLE_NUMBERS
            else round(self.numbers.get(name, 0.0), 6)
            for name in NUMBERS
        }

    def packed(self) -> str:
        """The histograms as they are stored; empty where there is none."""
        found = {
            name: histogram.flat(self.histograms[name]) for name in HISTOGRAMS if name in self.histograms
        }
        return json.dumps(found, separators=(",", ":")) if found else ""


def unpacked(text: str) -> dict[str, Histogram]:
    """The histograms that `Bucket.packed` made this of."""
    return {name: histogram.unflat(stored) for name, stored in json.loads(text).items()} if text else {}


def together(buckets: Iterable[Bucket]) -> Bucket:
    """All of them in one."""
    whole = Bucket()
    for one in buckets:
        whole.add(one)
    return whole


def class_of(outcome: str, status: int) -> str:
    """How a request ended, as one of CLASSES. What the engine refuses with a 4xx is the client's error; a
    stream that it ends with an error event has the status 200 and is the engine's."""
    if outcome == "engine_error" and 400 <= status < 500:
        return "client_errors"
    named = {"ok": "answered", "engine_error": "engine_errors", "engine_lost": "engine_errors"}
    return named.get(outcome) or {"client_left": "left", "cut": "cut"}.get(outcome, "refused")


def note_sample(into: Bucket, fact: SampleFact) -> None:
    """Count one observation."""
    if fact.generation_tokens_per_s is not None:
        numbers = {
            "samples": 1, "running_sum": fact.running, "running_max": fact.running,
            "waiting_sum": fact.waiting, "waiting_max": fact.waiting,
            "prompt_rate_sum": fact.prompt_tokens_per_s or 0.0,
            "generation_rate_sum": fact.generation_tokens_per_s,
            "generation_rate_max": fact.generation_tokens_per_s,
            "kv_sum": fact.kv_cache_use or 0.0, "kv_max": fact.kv_cache_use or 0.0,
            "prefix_sum": fact.prefix_hit_rate or 0.0, "preemptions": fact.preemptions or 0,
        }  # fmt: skip
        into.add(Bucket(dict(numbers)))
    if fact.acceptance_length is not None:
        into.add(Bucket({"lengths": 1, "length_sum": fact.acceptance_length}))
    if fact.draft_acceptance is not None:
        into.add(Bucket({"drafts": 1, "acceptance_sum": fact.draft_acceptance}))


def note_request(into: Bucket, fact: RequestFact) -> None:
    """Count one request. Times to tokens are those of streams: an answer in one piece has one time alone."""
    kind = class_of(fact.outcome, fact.status)
    numbers: dict[str, float] = {kind: 1}
    numbers |= {name: getattr(fact, name) or 0 for name in TOKENS}
    durations = {"held": fact.waited_s} if kind != "refused" else {}
    if kind == "answered":
        durations["whole"] = fact.duration_s
        if fact.stream:
            durations |= {"ttft": fact.first_byte_s, "token": _per_token_s(fact)}
    told = {name: histogram.of([seconds]) for name, seconds in durations.items() if seconds is not None}
    into.add(Bucket(numbers, told))


def _per_token_s(fact: RequestFact) -> float | None:
    """The mean time between two tokens after the first; None where there was no second one."""
    if fact.first_byte_s is None or (fact.completion_tokens or 0) < 2:
        return None
    generating_s = fact.duration_s - (fact.waited_s or 0.0) - fact.first_byte_s
    return max(0.0, generating_s) / ((fact.completion_tokens or 0) - 1)
