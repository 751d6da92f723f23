"""A run's phases beside the medians of its release and of the one before, as rows of a table. Pure."""

from dataclasses import dataclass, replace
from decimal import Decimal

from deployments.planning.starts.medians import Median
from deployments.planning.starts.start import in_order
from deployments.services.anatomy import Neighbours
from deployments.services.runs import phase_label
from deployments.services.starts import OfRelease
from deployments.services.views import RunView, SlowView


@dataclass(frozen=True, slots=True)
class Row:
    """One phase, or the whole way. What is None was not there."""

    label: str
    seconds: float | None
    usd: Decimal | None
    own: Median | None
    before: Median | None
    slow: SlowView | None = None


@dataclass(frozen=True, slots=True)
class BesideTable:
    """`own` and `before` are None, or of no start, where there is nothing to stand beside."""

    rows: tuple[Row, ...]
    whole: Row
    own: OfRelease | None
    before: OfRelease | None


def beside_table(run: RunView, found: Neighbours) -> BesideTable | None:
    """None where neither release has a start."""
    own, before = _with_starts(found.release), _with_starts(found.before)
    if own is None and before is None:
        return None
    took = {phase.name: phase for phase in run.phases if phase.started_at is not None}
    held = [one.phases for one in (own, before) if one is not None]
    slow = {one.phase: one for one in run.slow}
    rows = tuple(
        Row(
            label=phase_label(name),
            seconds=took[name].seconds if name in took else None,
            usd=took[name].cost_usd if name in took else None,
            own=own.phases.get(name) if own is not None else None,
            before=before.phases.get(name) if before is not None else None,
            slow=slow.get(name),
        )
        for name in in_order([*took, *(name for phases in held for name in phases)])
    )
    whole = Row(
        label="Until ready",
        seconds=run.boot_s,
        usd=sum((phase.cost_usd or Decimal(0) for phase in took.values()), Decimal(0))
        if run.boot_s
        else None,
        own=own.ready if own is not None else None,
        before=before.ready if before is not None else None,
    )
    return BesideTable(rows, whole, own, before)


def _with_starts(found: OfRelease | None) -> OfRelease | None:
    return found if found is not None and found.n else None


def with_own_medians(run: RunView, found: Neighbours) -> RunView:
    """The run with what the other starts of its release took as what is usual, where there is one."""
    own = _with_starts(found.release)
    if own is None:
        return run
    phases = tuple(
        replace(
            phase,
            expected_s=own.phases[phase.name].seconds if phase.name in own.phases else None,
        )
        for phase in run.phases
    )
    return replace(run, phases=phases, usual_starts=own.n, usual_of_release=True)
