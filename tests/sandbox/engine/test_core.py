"""Slots, queue, pace, the spike at a new length, and the end of an engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from sandbox.engine.core import EngineDeadError
from sandbox.engine.output import Token
from tests.sandbox.engine.making import make_engine, make_job


async def test_job_is_run_to_its_end_and_counted() -> None:
    engine, metrics, _ = make_engine()
    steps = [step async for step in engine.run(make_job(10, 20))]
    assert [token.text for step in steps for token in step] == [f" {n}" for n in range(20)]
    page = metrics.text()
    assert 'vllm:generation_tokens_total{engine="0",model_name="glm-5.2-fp8"} 20.0' in page
    assert 'request_success_total{engine="0",finished_reason="stop",model_name="glm-5.2-fp8"} 1.0' in page


async def test_speculation_yields_several_tokens_a_step_after_the_first() -> None:
    engine, metrics, _ = make_engine()
    sizes = [len(step) async for step in engine.run(make_job(10, 200))]
    assert sizes[0] == 1
    assert 1 < max(sizes) <= 6
    drafts = len(sizes) - 1
    assert f'spec_decode_num_draft_tokens_total{{engine="0",model_name="glm-5.2-fp8"}} {drafts * 5}.0' in (
        metrics.text()
    )
    assert engine.traffic.drafts == drafts


async def test_without_speculation_each_step_is_one_token() -> None:
    engine, metrics, _ = make_engine("--speculative-config", "None")
    assert {len(step) async for step in engine.run(make_job(10, 30))} == {1}
    assert "spec_decode" not in metrics.text()


async def test_requests_beyond_the_limit_wait_in_order() -> None:
    engine, _, _ = make_engine("--max-num-seqs", "1")
    first = engine.run(make_job())
    await anext(first)
    order = list[str]()
    waiters = [asyncio.create_task(_note(engine.run(make_job()), name, order)) for name in "ab"]
    await asyncio.sleep(0)
    assert (engine.running, engine.waiting) == (1, 2)
    await first.aclose()
    await asyncio.gather(*waiters)
    assert order == ["a", "b"]
    assert (engine.running, engine.waiting) == (0, 0)


async def test_a_client_that_leaves_frees_its_slot_and_is_counted_nowhere() -> None:
    engine, metrics, _ = make_engine("--max-num-seqs", "1")
    async with aclosing(engine.run(make_job(10, 500))) as steps:
        await anext(steps)
    assert (engine.running, engine.cache_use) == (0, 0)
    assert engine.traffic.output_tokens < 500
    assert 'finished_reason="stop",model_name="glm-5.2-fp8"} 0.0' in metrics.text()


async def test_a_waiting_client_that_leaves_leaves_the_queue() -> None:
    engine, _, _ = make_engine("--max-num-seqs", "1")
    first = engine.run(make_job())
    await anext(first)
    waiter = asyncio.create_task(_drain(engine.run(make_job())))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert engine.waiting == 0
    await first.aclose()
    assert engine.running == 0


async def test_first_answer_at_a_new_length_announces_its_compiling_once() -> None:
    engine, _, log = make_engine()
    for tokens in (100, 120, 300, 310):  # two buckets: up to 128 and up to 512
        await _drain(engine.run(make_job(tokens, 2)))
    told = log.getvalue().count("Triton kernel JIT compilation during inference: ")
    assert told == 2


async def test_first_answer_at_a_new_length_waits_for_its_compiling() -> None:
    # 35 s of life at 100 times the speed.
    engine, _, _ = make_engine(environment={"SANDBOX_SPEED": "100"})
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _drain(engine.run(make_job(100, 2)))
    cold = loop.time() - began
    began = loop.time()
    await _drain(engine.run(make_job(100, 2)))
    assert cold >= 0.35
    assert loop.time() - began < 0.35


async def test_compiled_graphs_know_no_spike() -> None:
    engine, _, log = make_engine("--no-enforce-eager")
    await _drain(engine.run(make_job()))
    assert "JIT" not in log.getvalue()


async def test_dead_engine_ends_running_and_waiting_requests() -> None:
    engine, _, _ = make_engine("--max-num-seqs", "1")
    running = engine.run(make_job(10, 100))
    await anext(running)
    waiting = asyncio.create_task(_drain(engine.run(make_job())))
    await asyncio.sleep(0)
    engine.die()
    with pytest.raises(EngineDeadError, match="EngineCore encountered an issue"):
        await _drain(running)
    with pytest.raises(EngineDeadError):
        await waiting
    with pytest.raises(EngineDeadError):
        await _drain(engine.run(make_job()))


async def test_repeated_prompt_is_told_as_cached() -> None:
    engine, _, _ = make_engine()
    first, second = make_job(200, 2), make_job(200, 2)
    await _drain(engine.run(first))
    await _drain(engine.run(second))
    # 200 tokens are three whole blocks of 64.
    assert (first.cached_tokens, first.created_tokens) == (0, 192)
    assert (second.cached_tokens, second.created_tokens) == (192, 0)


async def _drain(steps: AsyncIterator[Sequence[Token]]) -> None:
    async for _ in steps:
        pass


async def _note(steps: AsyncIterator[Sequence[Token]], name: str, order: list[str]) -> None:
    async for _ in steps:
        if name not in order:
            order.append(name)
