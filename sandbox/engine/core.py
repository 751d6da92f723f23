"""The engine behind the routes: slots, queue, prefix cache, pace, and the spike at a new length."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from sandbox.engine.console import WORKER, Console
from sandbox.engine.metrics import Finished, Metrics
from sandbox.engine.output import Job, Token
from sandbox.engine.prefix_cache import PrefixCache
from sandbox.engine.settings import KV_CACHE_TOKENS, TOKENS_PER_S, Settings

# First answer at a new length in eager mode: about 35 s (Triton compiles for the drafter's shapes).
JIT_S = 35.0
SMALLEST_BUCKET_TOKENS = 128
PREFILL_TOKENS_PER_S = 8000.0
FIRST_TOKEN_S = 0.12
# How often the draft token at each position is kept, given that those before it were.
ACCEPTANCE = (0.86, 0.80, 0.75, 0.70, 0.66)
JIT_TEXT = (
    "Triton kernel JIT compilation during inference: _mtp_prepare_inputs_kernel. This causes a latency "
    "spike; consider extending warmup to cover this shape/config."
)


class EngineDeadError(Exception):
    """The engine process is gone; no request can be served any more."""

    def __init__(self) -> None:
        super().__init__("EngineCore encountered an issue. See stack trace (above) for the root cause.")


@dataclass(slots=True)
class Traffic:
    """Totals since the start, from which the stats lines take differences."""

    prompt_tokens: int = 0
    output_tokens: int = 0
    queried_tokens: int = 0
    hit_tokens: int = 0
    drafts: int = 0
    drafted_tokens: int = 0
    accepted_by_position: tuple[int, ...] = ()


class Engine:
    """Runs jobs: at most `max_num_seqs` at once, the others wait in order."""

    def __init__(self, settings: Settings, metrics: Metrics, console: Console) -> None:
        self._settings = settings
        self._metrics = metrics
        self._console = console
        self._prefixes = PrefixCache(KV_CACHE_TOKENS, enabled=settings.prefix_caching)
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._compiled: dict[int, asyncio.Task[None]] = {}
        self._held_tokens = 0
        self.running = 0
        self.dead = False
        self.traffic = Traffic(accepted_by_position=(0,) * settings.draft_tokens)

    @property
    def waiting(self) -> int:
        """Requests that have no slot yet."""
        return len(self._waiters)

    @property
    def cache_use(self) -> float:
        """Share of the KV cache in use, 0 to 1."""
        return min(1.0, self._held_tokens / KV_CACHE_TOKENS)

    async def run(self, job: Job) -> AsyncGenerator[Sequence[Token], None]:
        """Yield the job's tokens step by step, at the engine's pace. Closing it frees the slot at once.

        Raises EngineDeadError when the engine dies.
        """
        came = time.monotonic()
        await self._enter()
        began = time.monotonic()
        held = len(job.prompt)
        self._held_tokens += held
        try:
            await self._prefill(job)
            first = time.monotonic()
            self._metrics.observe("time_to_first_token_seconds", first - came)
            async for step in self._decode(job):
                held += len(step)
                self._held_tokens += len(step)
                yield step
            self._count_finished(job, began - came, first - began, time.monotonic() - first)
        finally:
            self._held_tokens -= held
            self._leave()

    def die(self) -> None:
        """End every request, running and waiting, with EngineDeadError."""
        self.dead = True
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(EngineDeadError())

    async def _enter(self) -> None:
        if self.dead:
            raise EngineDeadError
        if self.running < self._settings.max_num_seqs and not self._waiters:
            self.running += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._leave()  # the slot was handed over just as the client left
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    def _leave(self) -> None:
        """Give the slot to the first that waits, or free it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.running -= 1

    async def _prefill(self, job: Job) -> None:
        job.cached_tokens, job.created_tokens = self._prefixes.take(job.prompt)
        fresh = len(job.prompt) - job.cached_tokens
        if self._settings.eager:
            await self._compile_for(fresh)
        pace = self._settings.tokens_per_s / TOKENS_PER_S
        await self._pass((FIRST_TOKEN_S + fresh / PREFILL_TOKENS_PER_S) / pace)
        self._count_prompt(job)

    async def _compile_for(self, tokens: int) -> None:
        """Wait for the kernels of this length: compiled once each, also if the asking client leaves."""
        bucket = max(SMALLEST_BUCKET_TOKENS, 1 << (tokens - 1).bit_length())
        task = self._compiled.get(bucket)
        if task is None:
            self._console.line(WORKER, "jit_monitor.py:112", JIT_TEXT, "WARNING")
            task = asyncio.create_task(asyncio.sleep(JIT_S / self._settings.speed))
            self._compiled[bucket] = task
        await asyncio.shield(task)

    async def _decode(self, job: Job) -> AsyncIterator[Sequence[Token]]:
        due = last = time.monotonic()
        for step in self._steps(job):
            yield step
            due += len(step) / self._settings.tokens_per_s
            await self._pass(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            self._metrics.observe("inter_token_latency_seconds", now - last)
            last = now

    def _steps(self, job: Job) -> Iterator[Sequence[Token]]:
        """Cut the output into engine steps: one token each, or with speculation those that were kept."""
        luck = random.Random(len(job.prompt) * 31 + len(job.output))  # noqa: S311 - no secret in it
        place = 0
        while place < len(job.output):
            kept = self._accepted(luck) if place else 0
            step = job.output[place : place + 1 + kept]
            place += len(step)
            self._count_output(len(step), drafted=place > len(step), kept=kept)
            yield step

    def _accepted(self, luck: random.Random) -> int:
        kept = 0
        for position in range(self._settings.draft_tokens):
            if luck.random() > ACCEPTANCE[min(position, len(ACCEPTANCE) - 1)]:
                break
            kept += 1
        return kept

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.dead:
            raise EngineDeadError

    def _count_prompt(self, job: Job) -> None:
        total, cached = len(job.prompt), job.cached_tokens
        self.traffic.prompt_tokens += total
        self.traffic.queried_tokens += total
        self.traffic.hit_tokens += cached
        metrics = self._metrics
        metrics.add("prompt_tokens", total)
        metrics.add("prompt_tokens_by_source", total - cached, source="local_compute")
        metrics.add("prompt_tokens_by_source", cached, source="local_cache_hit")
        metrics.add("prompt_tokens_cached", cached)
        if self._settings.prefix_caching:
            metrics.add("prefix_cache_queries", total)
            metrics.add("prefix_cache_hits", cached)

    def _count_output(self, tokens: int, *, drafted: bool, kept: int) -> None:
        self.traffic.output_tokens += tokens
        self._metrics.add("generation_tokens", tokens)
        self._metrics.observe("iteration_tokens_total", tokens)
        if drafted and self._settings.draft_tokens:
            self._count_drafts(kept)

    def _count_drafts(self, kept: int) -> None:
        drafted = self._settings.draft_tokens
        traffic, metrics = self.traffic, self._metrics
        traffic.drafts += 1
        traffic.drafted_tokens += drafted
        counted = enumerate(traffic.accepted_by_position)
        traffic.accepted_by_position = tuple(count + (index < kept) for index, count in counted)
        metrics.add("spec_decode_num_drafts")
        metrics.add("spec_decode_num_draft_tokens", drafted)
        metrics.add("spec_decode_num_accepted_tokens", kept)
        for position in range(kept):
            metrics.add("spec_decode_num_accepted_tokens_per_pos", position=str(position))

    def _count_finished(self, job: Job, queue_s: float, prefill_s: float, decode_s: float) -> None:
        self._metrics.finish(
            Finished(
                reason=job.finish_reason,
                prompt_tokens=len(job.prompt),
                output_tokens=len(job.output),
                cached_tokens=job.cached_tokens,
                max_tokens=job.max_tokens,
                n=job.n,
                queue_s=queue_s,
                prefill_s=prefill_s,
                decode_s=decode_s,
            )
        )
