"""What log lines do to a run, in whatever order they are read."""

from datetime import timedelta

import pytest

from deployments.engines.base import BootPhase, DeathFact, ExceptionFact, MemoryFact, PhaseFact
from deployments.models import Run
from deployments.planning.memory.fit import Measured
from deployments.providers.base import LogEntry
from deployments.services import reading
from deployments.services.measured import measured_memory

from .conftest import Panel


@pytest.fixture
def run(panel: Panel) -> Run:
    panel.start()
    panel.advance(40)
    return panel.run()


def _apply(run: Run, *facts: object, at: object = None) -> None:
    for number, fact in enumerate(facts):
        when = run.first_seen_at + timedelta(seconds=60 + number)
        reading._apply_fact(run, fact, LogEntry(at=at or when, text=""), {})
    run.refresh_from_db()


def test_phases_only_go_forward(run: Run) -> None:
    _apply(run, PhaseFact(BootPhase.WARMUP, 0.5), PhaseFact(BootPhase.WEIGHTS, 0.9))
    assert (run.phase, run.progress) == ("warmup", 0.5)


def test_a_phase_read_after_the_answer_still_belongs_to_the_boot(run: Run) -> None:
    _apply(run, PhaseFact(BootPhase.WEIGHTS), PhaseFact(BootPhase.WARMUP))
    reading.mark_ready(run, run.first_seen_at + timedelta(seconds=90))
    _apply(run, PhaseFact(BootPhase.SERVER), at=run.first_seen_at + timedelta(seconds=80))
    assert run.phases.filter(name="server").exists()
    assert run.phase == "ready"


def test_the_earlier_word_of_ready_counts(run: Run) -> None:
    first = run.first_seen_at + timedelta(seconds=90)
    reading.mark_ready(run, first + timedelta(seconds=3))
    _apply(run, PhaseFact(BootPhase.READY), at=first)
    assert run.ready_at == first


def test_an_exception_alone_is_no_death(run: Run) -> None:
    _apply(run, ExceptionFact("ValueError: too long"))
    assert run.engine_died_at is None


def test_the_exception_before_a_death_is_its_cause(run: Run) -> None:
    _apply(run, ExceptionFact("RuntimeError: CUDA out of memory"), DeathFact("engine exited code=1"))
    assert run.engine_error == "RuntimeError: CUDA out of memory"


def test_a_root_cause_is_kept_above_what_follows(run: Run) -> None:
    _apply(run, DeathFact("No available memory for the cache blocks.", root=True), DeathFact("engine exited"))
    assert run.engine_error == "No available memory for the cache blocks."


def test_what_the_engine_measured_is_kept_of_the_fullest_gpu(run: Run) -> None:
    _apply(run, MemoryFact(weights_gib=94.46), MemoryFact(cache_gib=25.94), MemoryFact(weights_gib=94.4))
    _apply(run, MemoryFact(cache_gib=26.1), MemoryFact(cache_tokens=508_928))
    run.refresh_from_db()
    assert (run.weights_gib, run.cache_gib, run.cache_tokens) == (94.46, 25.94, 508_928)
    assert measured_memory(run.release) is None, "a start that did not become ready proves nothing"
    Run.objects.filter(pk=run.pk).update(ready_at=run.first_seen_at)
    assert measured_memory(run.release) == Measured(94.46, 25.94)


def test_a_line_that_comes_late_is_taken_within_ten_seconds(panel: Panel) -> None:
    panel.light()
    panel.provider.add_log(
        panel.app_name, "late", container_id=panel.run().container_id, at=panel.now - timedelta(seconds=30)
    )
    panel.advance(10, step_s=2)
    assert panel.deployment.log_lines.filter(text="late").count() == 1
