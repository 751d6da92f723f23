"""Where the bars of a start stand: per cent of the lane's width, from seconds. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from deployments.planning.starts.start import WARM_UP_REQUESTS
from deployments.services.sentences import PHASE_WORDS
from deployments.services.starts import OfRelease
from deployments.services.views import PhaseView, RunView

from . import words

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_MOST_TICKS = 6
_KINDS = {"done": "done", "skipped": "done", "now": "live", "later": "soon"}


@dataclass(frozen=True, slots=True)
class Tick:
    """One upright line of the scale."""

    x: str
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One phase. Widths and places are per cent as text, empty where nothing is drawn."""

    label: str
    kind: str
    x: str
    width: str
    soon_x: str
    soon_width: str
    usual_x: str
    before_x: str
    seconds: str
    usual: str
    dollars: str
    said: str


@dataclass(frozen=True, slots=True)
class Falls:
    """The whole card. `line` is what the engine itself said last, for those who hover over the note."""

    title: str
    note: str
    line: str
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]
    sum_label: str
    sum_note: str
    sum_seconds: str
    sum_usual: str
    sum_usd: Decimal


def waterfall(
    run: RunView, usd_per_hour: Decimal, before: OfRelease | None = None, *, left_s: float | None = None
) -> Falls | None:
    """The card of a run's start; None before its first phase. What is to come is priced at `usd_per_hour`;
    `before` are the starts of the release before, which get a tick of their own; `left_s` is the time to
    ready, where it is known."""
    if not run.phases:
        return None
    starts = _starts(run.phases)
    older = _seconds_of(before)
    total = max(
        (
            start + max(phase.seconds or 0, phase.expected_s or 0, older.get(phase.name, 0))
            for phase, start in zip(run.phases, starts, strict=True)
        ),
        default=0,
    )
    scale = (total or 1) * 1.02
    lanes = tuple(
        _lane(phase, start, scale, usd_per_hour, older.get(phase.name, 0))
        for phase, start in zip(run.phases, starts, strict=True)
    )
    return Falls(
        title=_title(run),
        note=_note(run, before, left_s),
        line=next((phase.text for phase in run.phases if phase.status == "now"), ""),
        ticks=_ticks(scale),
        lanes=lanes,
        sum_label=_sum_label(run),
        sum_note="" if run.ready_at or run.ended_at else _expected(run.phases),
        sum_seconds=_figure(sum(phase.seconds or 0 for phase in run.phases)),
        sum_usual=_figure(sum(phase.expected_s or 0 for phase in run.phases)),
        sum_usd=sum((phase.cost_usd or Decimal(0) for phase in run.phases), start=Decimal(0)),
    )


def _seconds_of(before: OfRelease | None) -> dict[str, float]:
    if before is None:
        return {}
    return {name: one.seconds for name, one in before.phases.items()}


def _sum_label(run: RunView) -> str:
    if run.ready_at:
        return "Until warmed up" if run.phases[-1].name == WARM_UP_REQUESTS else "Until ready"
    return "Until it ended" if run.ended_at else "So far"


def _title(run: RunView) -> str:
    if run.ready_at:
        return f"How it woke: run {run.number}"
    return f"How far it came: run {run.number}" if run.ended_at else f"Waking: run {run.number}"


def _starts(phases: tuple[PhaseView, ...]) -> list[float]:
    """Where each phase begins, in seconds: as seen, or after the phase before it as it is expected to end."""
    starts: list[float] = []
    end = 0.0
    for phase in phases:
        start = phase.offset_s if phase.started_at is not None else end
        starts.append(start)
        took = phase.seconds if phase.status == "done" else max(phase.seconds or 0, phase.expected_s or 0)
        end = start + (took or 0)
    return starts


def _lane(phase: PhaseView, start: float, scale: float, usd_per_hour: Decimal, before_s: float) -> Lane:
    took, expected = phase.seconds or 0, phase.expected_s or 0
    later, now = phase.status == "later", phase.status == "now"
    rest = max(0.0, expected - took) if later or now else 0
    skipped = phase.status == "skipped"
    return Lane(
        label=phase.label
        + (f", {phase.progress:.0%}".replace("%", " %") if now and phase.progress is not None else ""),
        kind=_KINDS[phase.status],
        x=_percent(start, scale),
        width=_percent(took, scale) if took and not skipped else "",
        soon_x=_percent(start + took, scale),
        soon_width=_percent(rest, scale) if rest else "",
        usual_x=_percent(start + expected, scale) if expected and not later and not skipped else "",
        before_x=_percent(start + before_s, scale) if before_s and not later and not skipped else "",
        seconds="skipped" if skipped else f"about {_figure(expected)}" if later else _figure(took),
        usual=_figure(expected) if expected and not skipped else "–",
        dollars=_dollars(phase, usd_per_hour),
        said=_said(phase, usd_per_hour),
    )


def _dollars(phase: PhaseView, usd_per_hour: Decimal) -> str:
    if phase.status == "skipped":
        return "–"
    if phase.status == "later":
        return words.about_money(usd_per_hour * Decimal(str(phase.expected_s or 0)) / 3600)
    return "not billed" if phase.cost_usd is None else words.money(phase.cost_usd)


def _said(phase: PhaseView, usd_per_hour: Decimal) -> str:
    if phase.status == "skipped":
        return f"{phase.label}: skipped"
    if phase.status == "later":
        return f"{phase.label}: to come, about {_figure(phase.expected_s or 0)} s"
    usual = f", usually {_figure(phase.expected_s)} s" if phase.expected_s else ""
    return f"{phase.label}: {_figure(phase.seconds or 0)} s{usual}, {_dollars(phase, usd_per_hour)}"


def _note(run: RunView, before: OfRelease | None, left_s: float | None) -> str:
    now = next((phase for phase in run.phases if phase.status == "now"), None)
    words_of_now = f"{_words_of_now(now, left_s)}. " if now and now.name in PHASE_WORDS else ""
    took = f"{words.duration(run.boot_s)}. " if run.ready_at and run.boot_s else ""
    older = ""
    if before is not None and before.n:
        older = f" Dashed: of {_starts_of(before.n)} of release {before.release}."
    return f"{words_of_now}{took}{_usual(run)}{older}"


def _words_of_now(now: PhaseView, left_s: float | None) -> str:
    """Loading weights, 62 %, ready in about 3 min."""
    told = [phase_words(now.name, now.progress).capitalize()]
    if left_s is not None and left_s > 0:
        told.append(f"ready in about {words.about_duration(left_s)}")
    return ", ".join(told)


def phase_words(name: str | None, progress: float | None) -> str:
    """What a server does in that phase: "loading weights, 62 %"; empty where it is in none."""
    said = PHASE_WORDS.get(name or "", "")
    return f"{said}, {progress:.0%}".replace("%", " %") if said and progress is not None else said


def _usual(run: RunView) -> str:
    """What the upright tick is, and how many starts it rests on."""
    if not run.usual_starts:
        known = any(phase.expected_s for phase in run.phases)
        return "The upright tick is the recipe’s figure, until there are own starts." if known else ""
    whose = f"release {run.release}" if run.usual_of_release else "this deployment"
    return f"The upright tick is the median of {_starts_of(run.usual_starts)} of {whose}."


def _starts_of(count: int) -> str:
    return f"{count} start{'' if count == 1 else 's'}"


def _expected(phases: tuple[PhaseView, ...]) -> str:
    seconds = sum(max(phase.seconds or 0, phase.expected_s or 0) for phase in phases)
    return f"expected: about {words.about_duration(seconds)} in all" if seconds else ""


def _ticks(scale: float) -> tuple[Tick, ...]:
    step = next((step for step in _STEPS_S if scale / step <= _MOST_TICKS), _STEPS_S[-1])
    marks = range(0, int(scale) + 1, step)
    return tuple(Tick(_percent(mark, scale), words.stopwatch(mark) if mark else "0") for mark in marks)


def _percent(part: float, whole: float) -> str:
    return f"{max(0.0, min(100.0, part / whole * 100)):.2f}"


def _figure(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f}"
