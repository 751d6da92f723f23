"""One reply in memory, while it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chat.markdown.blocks import BlockSplitter, Finished, Piece
from chat.models import Message, Status
from chat.streams import events

from .chunks import Calls, Chunk, Usage, read_usage
from .meter import Meter

Told = tuple[str, dict[str, Any]]


@dataclass(eq=False)
class Writing:
    """What is known of a reply so far, and what its readers and its row have not been told yet.

    `take` is called for every chunk and must stay cheap; `drain` renders, some ten times a second, in a
    thread: one call at a time. Times are aware UTC.
    """

    pk: int
    public_id: str
    text: str = ""
    reasoning: str = ""
    status: Status = Status.QUEUED
    phase: str = ""
    eta_s: float | None = None
    model: str = ""
    request_id: str = ""
    finish_reason: str = ""
    started_at: datetime | None = None
    first_token_at: datetime | None = None
    reasoning_ended_at: datetime | None = None
    waited_s: float = 0.0
    written_s: float = 0.0
    calls: Calls = field(default_factory=Calls)
    usage: Mapping[str, Any] | None = None
    before: Usage = field(default_factory=Usage)  # counted in earlier attempts
    meter: Meter = field(default_factory=Meter)
    # Text that goes on is no thinking, whatever the engine's parser makes of it: vLLM's for GLM says
    # `reasoning` where the chat template shows it no end of a thought (tests/contracts/engine).
    goes_on: bool = False
    received: bool = False  # anything in this attempt
    closed: bool = False
    dirty: bool = False
    needs_snapshot: bool = True
    on_its_way: bool = False  # drained, and not known to have reached the broker
    told_since_snapshot: int = 0
    _new_text: list[str] = field(default_factory=list)
    _new_reasoning: list[str] = field(default_factory=list)
    _untold: list[Told] = field(default_factory=list)
    _splitter: BlockSplitter = field(default_factory=BlockSplitter)
    _blocks: dict[int, str] = field(default_factory=dict)
    _open: tuple[int, str] = (0, "")
    _shown_text: str = ""
    _shown_reasoning: str = ""
    _resumed_at: datetime | None = None
    _waiting_since: datetime | None = None
    _seen_waiting_at: datetime | None = None

    @classmethod
    def of(cls, row: Message) -> "Writing":
        """Where the row left off: empty, or in the middle of a Continue."""
        writing = cls(
            pk=row.pk,
            public_id=row.public_id,
            text=row.text,
            reasoning=row.reasoning,
            goes_on=bool(row.text),
            started_at=row.started_at,
            first_token_at=row.first_token_at,
            reasoning_ended_at=row.reasoning_ended_at,
            waited_s=row.waited_s,
            written_s=row.written_s,
            before=Usage(row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.reasoning_tokens),
        )
        if row.cost_usd is not None:
            writing.meter.usd = row.cost_usd
        writing._new_text = [row.text] if row.text else []
        writing._new_reasoning = [row.reasoning] if row.reasoning else []
        return writing

    @property
    def has_words(self) -> bool:
        """True where something would be lost."""
        return bool(self.text or self.reasoning or self.calls.parts or self._new_text or self._new_reasoning)

    def counts(self) -> Usage:
        """Tokens of all attempts together, on the prompt it was first asked with.

        None where a part of it was never counted: half a sum would be a wrong one.
        """
        if self.usage is None:
            return self.before
        now, before = read_usage(self.usage), self.before
        first = before.prompt is None
        return Usage(
            prompt=now.prompt if first else before.prompt,
            cached=now.cached if first else before.cached,
            completion=_sum(before.completion, now.completion, counted=not self.goes_on),
            reasoning=_sum(before.reasoning, now.reasoning, counted=not (self.goes_on and self.reasoning)),
        )

    @property
    def waits_to_be_told(self) -> bool:
        """True where readers know less than is known here."""
        return bool(self._new_text or self._new_reasoning or self._untold or self.needs_snapshot)

    def take(self, chunk: Chunk, now: datetime) -> bool:
        """Add a chunk; True where it is the first of this attempt that says something."""
        self.model = chunk.model or self.model
        self.finish_reason = chunk.finish_reason or self.finish_reason
        self.usage = chunk.usage or self.usage
        if not chunk.says_something:
            return False
        if self.goes_on and chunk.reasoning:
            chunk = replace(chunk, text=chunk.reasoning + chunk.text, reasoning="")
        first, self.received, self.dirty = not self.received, True, True
        if first:
            self._begin(now)
        if chunk.reasoning:
            self._new_reasoning.append(chunk.reasoning)
        if chunk.text or chunk.calls:
            self._end_reasoning(now)
        if chunk.text:
            self._new_text.append(chunk.text)
        for part in chunk.calls:
            self.calls.take(part)
        return first

    def _begin(self, now: datetime) -> None:
        self.first_token_at = self.first_token_at or now
        self._resumed_at = now
        self._end_waiting(self._seen_waiting_at)
        self.set_status(Status.STREAMING)

    def wait(self, now: datetime, *, phase: str, eta_s: float | None) -> None:
        """The server was seen to be on its way still."""
        if self.received:
            return
        self._waiting_since = self._waiting_since or now
        self._seen_waiting_at = now
        self.set_status(Status.WAKING, phase=phase, eta_s=eta_s)

    def served(self, now: datetime) -> None:
        """The server was seen to be up."""
        self._end_waiting(now)
        self.set_status(Status.STREAMING)

    def _end_waiting(self, now: datetime | None) -> None:
        if self._waiting_since is not None and now is not None:
            self.waited_s += max(0.0, (now - self._waiting_since).total_seconds())
        self._waiting_since = None

    def _end_reasoning(self, now: datetime) -> None:
        thought = self.reasoning or self._new_reasoning
        if not thought or self.reasoning_ended_at is not None or self.first_token_at is None:
            return
        self.reasoning_ended_at = now
        self._untold.append((events.THOUGHT, self._thought()))

    def _thought(self) -> dict[str, Any]:
        if self.reasoning_ended_at is None or self.first_token_at is None:
            return {}
        return {"seconds": round((self.reasoning_ended_at - self.first_token_at).total_seconds(), 3)}

    def set_status(self, status: Status, *, phase: str = "", eta_s: float | None = None) -> None:
        """Change what readers are told of its state; a repetition tells nothing."""
        if (status, phase, eta_s) == (self.status, self.phase, self.eta_s):
            return
        self.status, self.phase, self.eta_s, self.dirty = status, phase, eta_s, True
        self._untold.append((events.STATE, self._state()))

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"status": self.status.value}
        if self.phase:
            state["phase"] = self.phase
        if self.eta_s is not None:
            state["eta_s"] = round(self.eta_s)
        return state

    def close(self, now: datetime) -> None:
        """No more will come: the clocks stop, and `drain` is called once more."""
        self.closed = True
        self._end_waiting(now)
        self.meter.stop(now)
        self.written_s, self._resumed_at = self.written_so_far_s(now), None

    def written_so_far_s(self, now: datetime) -> float:
        """Seconds in which tokens came, those of earlier attempts too."""
        if self._resumed_at is None:
            return self.written_s
        return self.written_s + max(0.0, (now - self._resumed_at).total_seconds())

    def drain(self, *, last: bool = False) -> list[Told]:
        """What readers have to be told now, with all that came renders into. A snapshot where one is due."""
        told, self._untold = self._untold, []
        told = [*self._drain_reasoning(), *told]
        told += [_told(piece) for piece in self._drain_text(last=last)]
        if not self.needs_snapshot:
            self.told_since_snapshot += len(told)
            return told
        self.needs_snapshot, self.told_since_snapshot = False, 0
        return self._snapshot()

    def _drain_reasoning(self) -> list[Told]:
        pieces, self._new_reasoning = self._new_reasoning, []
        if not (new := "".join(pieces)):
            return []
        self._shown_reasoning += new
        self.reasoning = self._shown_reasoning
        return [(events.REASONING, {"text": new, "reset": False})]

    def _drain_text(self, *, last: bool) -> list[Piece]:
        pieces, self._new_text = self._new_text, []
        new = "".join(pieces)
        self._shown_text += new
        self.text = self._shown_text
        found = self._splitter.feed(new) if new else []
        found = [*found, *self._splitter.finish()] if last else found
        for piece in found:
            self._remember(piece)
        return found

    def _remember(self, piece: Piece) -> None:
        if isinstance(piece, Finished):
            self._blocks[piece.n] = piece.html
            self._open = (piece.n + 1, "")
        elif piece.reset or piece.n != self._open[0]:
            self._open = (piece.n, piece.text)
        else:
            self._open = (piece.n, self._open[1] + piece.text)

    def _snapshot(self) -> list[Told]:
        """All of it, for a reader who knows nothing or something else."""
        told: list[Told] = [(events.STATE, self._state())]
        told.append((events.REASONING, {"text": self.reasoning, "reset": True}))
        if self.reasoning_ended_at is not None:
            told.append((events.THOUGHT, self._thought()))
        told += [(events.BLOCK, {"n": n, "html": html}) for n, html in sorted(self._blocks.items())]
        n, text = self._open
        told.append((events.OPEN, {"n": n, "text": text, "reset": True}))
        return told


def _sum(before: int | None, more: int | None, *, counted: bool) -> int | None:
    """`counted` False: there was something before, so its number has to be known."""
    if before is None:
        return more if counted else None
    return None if more is None else before + more


def _told(piece: Piece) -> Told:
    if isinstance(piece, Finished):
        return events.BLOCK, {"n": piece.n, "html": piece.html}
    return events.OPEN, {"n": piece.n, "text": piece.text, "reset": piece.reset}
