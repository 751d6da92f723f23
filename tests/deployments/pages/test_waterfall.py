"""Where the bars stand."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.test import Client

from deployments.pages.dollars import beside, dearest, shares
from deployments.pages.waterfall import waterfall
from deployments.services import runs
from deployments.services.views import PhaseView, RunView

from .states import States

RATE = Decimal(36)
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def phase(name: str, status: str, offset_s: float, seconds: float | None, **more: Any) -> PhaseView:
    values: dict[str, Any] = {"expected_s": None, "cost_usd": None} | more
    return PhaseView(
        name=name, label=name.title(), status=status, started_at=None if status == "later" else AT,
        offset_s=offset_s, seconds=seconds, **values,
    )  # fmt: skip


def run(*phases: PhaseView, **more: Any) -> RunView:
    zero = Decimal(0)
    values: dict[str, Any] = {
        "id": 1, "number": 7, "slug": "x", "release": 1, "cause": "lease", "cause_label": "a start",
        "lit_for": "Ada", "reason": "", "container_id": "ta-1", "first_seen_at": AT, "started_at": AT,
        "ready_at": None, "ended_at": None,
        "end_reason": "", "end_label": "", "end_text": "", "failed": False, "boot_s": None, "lit_s": None,
        "boot_usd": zero, "use_usd": zero, "idle_usd": zero, "gpu_usd": zero, "cpu_usd": zero,
        "memory_usd": zero,
        "cost_usd": zero,
    }  # fmt: skip
    return RunView(phases=phases, **values | more)


def test_live_phase_has_what_passed_and_what_is_expected_to_come() -> None:
    falls = waterfall(
        run(
            phase("queued", "done", 0, 10),
            phase("weights", "now", 10, 30, expected_s=60, progress=0.5, cost_usd=Decimal("0.30")),
            phase("server", "later", 0, None, expected_s=30),
        ),
        RATE,
    )
    assert falls is not None
    scale = 100 * 1.02  # 10 + 60 + 30 s, and a little room
    queued, weights, server = falls.lanes
    assert (queued.x, queued.width, queued.dollars) == ("0.00", f"{10 / scale * 100:.2f}", "not billed")
    assert weights.label == "Weights, 50 %"
    assert (weights.x, weights.width) == (f"{10 / scale * 100:.2f}", f"{30 / scale * 100:.2f}")
    assert (weights.soon_x, weights.soon_width) == (f"{40 / scale * 100:.2f}", f"{30 / scale * 100:.2f}")
    assert server.soon_x == f"{70 / scale * 100:.2f}"
    assert (server.seconds, server.dollars) == ("about 30", "about $0.30")  # 30 s at 36 an hour
    assert falls.sum_usd == Decimal("0.30")
    assert falls.title == "Waking: run 7"


def test_the_step_of_now_is_told_in_peoples_words_and_the_engines_line_is_kept_aside() -> None:
    line = "Starting to load model /models/glm ..."
    waking = run(phase("weights", "now", 0, 30, expected_s=60, progress=0.5, text=line))
    falls = waterfall(waking, RATE, left_s=185.0)
    assert falls is not None
    assert falls.note.startswith("Loading weights, 50 %, ready in about 3 min. The upright tick")
    assert falls.line == line
    late = waterfall(waking, RATE, left_s=0.0)
    assert late is not None
    assert late.note.startswith("Loading weights, 50 %. The upright tick")


def test_phase_that_takes_longer_than_usual_stays_in_its_lane() -> None:
    falls = waterfall(run(phase("weights", "now", 0, 500, expected_s=60)), RATE)
    assert falls is not None
    lane = falls.lanes[0]
    assert float(lane.x) + float(lane.width) <= 100
    assert lane.soon_width == ""


def test_scale_has_a_handful_of_ticks_for_any_length() -> None:
    for seconds in (1, 14, 90, 275, 1200, 7000, 50000):
        falls = waterfall(run(phase("weights", "done", 0, seconds)), RATE)
        assert falls is not None
        assert 1 <= len(falls.ticks) <= 8


def test_run_without_phases_has_no_card() -> None:
    assert waterfall(run(), RATE) is None


def test_failed_start_says_how_far_it_came() -> None:
    falls = waterfall(run(phase("weights", "done", 0, 5), ended_at=AT, failed=True), RATE)
    assert falls is not None
    assert (falls.title, falls.sum_label) == ("How far it came: run 7", "Until it ended")


def test_shares_fill_the_bar() -> None:
    found = shares(run(boot_usd=Decimal(1), use_usd=Decimal(2), idle_usd=Decimal(1), kept_usd=Decimal("0.4")))
    assert found
    assert [(part.x, part.width) for part in found.parts] == [
        ("0.00", "24.60"), ("25.00", "49.60"), ("75.00", "14.60"), ("90.00", "9.60")
    ]  # fmt: skip
    assert found.said == "Boot, with warm-up $1.00, use $2.00, idle tail $0.60, kept warm $0.40"
    assert beside(run(use_usd=Decimal(1)), dearest([run(idle_usd=Decimal(4))]))
    most = dearest([run(use_usd=Decimal(4)), run()])
    assert beside(run(use_usd=Decimal(1)), most).parts[0].width == "24.60"  # type: ignore[union-attr]
    assert shares(run()) is None


def test_run_page_tells_it_all(browser: Callable[..., Client], states: States) -> None:
    made = states.failed()
    found = runs.runs_of(made)[0]
    page = browser().get(f"/deployments/failed/runs/{found.id}/").content.decode()
    for said in (
        "How far it came: run 1",
        "died before it was ready",
        "ta-failed-1",
        "$1.47",
        "$1.50",
        "KV cache is needed",
    ):
        assert said in page, said
