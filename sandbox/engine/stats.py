"""The stats lines: one per interval under load, one of zeros after it, then silence."""

from __future__ import annotations

import asyncio
import copy
import time

from sandbox.engine.console import API, Console
from sandbox.engine.core import Engine, Traffic


class StatsLog:
    """Writes what changed since the last line."""

    def __init__(self, engine: Engine, console: Console) -> None:
        self._engine = engine
        self._console = console
        self._last: Traffic = copy.copy(engine.traffic)
        self._was_busy = False

    async def run(self, interval_s: float) -> None:
        """Write for ever, every so many seconds."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(interval_s)
            now = time.monotonic()
            self.write(now - last)
            last = now

    def write(self, elapsed_s: float) -> None:
        """One round over the given time. Nothing at all where nothing happened and nothing did before."""
        before, now = self._last, copy.copy(self._engine.traffic)
        prompt = (now.prompt_tokens - before.prompt_tokens) / elapsed_s
        output = (now.output_tokens - before.output_tokens) / elapsed_s
        busy = bool(prompt or output)
        if busy or self._was_busy or self._engine.running or self._engine.waiting:
            self._console.line(API, "loggers.py:335", self._traffic_text(now, prompt, output))
        if now.drafts > before.drafts:
            self._console.line(API, "metrics.py:120", speculation_text(before, now, elapsed_s))
        self._last, self._was_busy = now, busy

    def _traffic_text(self, now: Traffic, prompt: float, output: float) -> str:
        engine = self._engine
        hits = 100 * now.hit_tokens / now.queried_tokens if now.queried_tokens else 0.0
        return (
            f"Engine 000: Avg prompt throughput: {prompt:.1f} tokens/s, "
            f"Avg generation throughput: {output:.1f} tokens/s, "
            f"Running: {engine.running} reqs, Waiting: {engine.waiting} reqs, "
            f"GPU KV cache usage: {100 * engine.cache_use:.1f}%, Prefix cache hit rate: {hits:.1f}%"
        )


def speculation_text(before: Traffic, now: Traffic, elapsed_s: float) -> str:
    """The SpecDecoding line over an interval. Mean acceptance length = 1 + accepted / drafts."""
    pairs = zip(now.accepted_by_position, before.accepted_by_position, strict=True)
    by_position = [new - old for new, old in pairs]
    drafts, accepted = now.drafts - before.drafts, sum(by_position)
    drafted = now.drafted_tokens - before.drafted_tokens
    rates = ", ".join(f"{count / drafts:.3f}" for count in by_position)
    return (
        f"SpecDecoding metrics: Mean acceptance length: {1 + accepted / drafts:.2f}, "
        f"Accepted throughput: {accepted / elapsed_s:.2f} tokens/s, "
        f"Drafted throughput: {drafted / elapsed_s:.2f} tokens/s, "
        f"Accepted: {accepted} tokens, Drafted: {drafted} tokens, "
        f"Per-position acceptance rate: {rates}, Avg Draft acceptance rate: {100 * accepted / drafted:.1f}%"
    )
