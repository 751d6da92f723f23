"""The stats lines: under load, once after it, then nothing."""

from collections.abc import Callable

from sandbox.engine.core import Engine, Traffic
from sandbox.engine.stats import StatsLog, speculation_text
from tests.sandbox.engine.making import make_console, make_engine


def test_idle_from_the_start_is_silent() -> None:
    log, lines = _stats()[1:]
    log.write(1.0)
    assert lines() == []


def test_load_is_told_then_one_line_of_zeros_then_silence() -> None:
    engine, log, lines = _stats()
    engine.traffic.prompt_tokens += 56
    engine.traffic.output_tokens += 30
    log.write(2.0)
    log.write(1.0)
    log.write(1.0)
    first, second = lines()
    assert "Avg prompt throughput: 28.0 tokens/s, Avg generation throughput: 15.0 tokens/s, " in first
    assert "Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.0 tokens/s, " in second
    assert first.endswith(
        "Running: 0 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%"
    )


def test_running_requests_keep_the_lines_coming() -> None:
    engine, log, lines = _stats()
    engine.running = 1
    log.write(1.0)
    log.write(1.0)
    assert len(lines()) == 2


def test_hit_rate_is_of_all_prompts() -> None:
    engine, log, lines = _stats()
    engine.traffic.prompt_tokens += 400
    engine.traffic.queried_tokens += 400
    engine.traffic.hit_tokens += 100
    log.write(1.0)
    assert lines()[0].endswith("Prefix cache hit rate: 25.0%")


def test_speculation_is_told_as_recorded() -> None:
    # Recorded over 28.7 s: 79 drafts, of 376 drafted tokens 51+44+38+21+19 = 173 were accepted.
    now = Traffic(drafts=79, drafted_tokens=376, accepted_by_position=(51, 44, 38, 21, 19))
    before = Traffic(accepted_by_position=(0,) * 5)
    assert speculation_text(before, now, 28.7) == (
        "SpecDecoding metrics: Mean acceptance length: 3.19, Accepted throughput: 6.03 tokens/s, "
        "Drafted throughput: 13.10 tokens/s, Accepted: 173 tokens, Drafted: 376 tokens, "
        "Per-position acceptance rate: 0.646, 0.557, 0.481, 0.266, 0.241, Avg Draft acceptance rate: 46.0%"
    )


def _stats() -> tuple[Engine, StatsLog, Callable[[], list[str]]]:
    engine, _, _ = make_engine()
    console, stream = make_console()
    return engine, StatsLog(engine, console), lambda: stream.getvalue().splitlines()
