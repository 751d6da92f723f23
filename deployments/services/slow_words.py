"""A slow phase in words."""

from deployments.models import PhaseName, Run, SlowPhase

from .sentences import duration
from .views import SlowView


def slow_views(run: Run) -> tuple[SlowView, ...]:
    """The slow phases of a run, the costliest first. No query, where the run has them."""
    return tuple(slow_view(row) for row in run.slow_phases.all())


def slow_view(row: SlowPhase) -> SlowView:
    """One of them."""
    times = row.seconds / row.usual_s if row.usual_s else None
    return SlowView(
        phase=row.phase,
        label=PhaseName(row.phase).label,
        words=words(row),
        short=f"{PhaseName(row.phase).label} {times:.1f} ×" if times else PhaseName(row.phase).label,
        seconds=row.seconds,
        usual_s=row.usual_s,
        low_s=row.low_s,
        high_s=row.high_s,
        times=times,
        starts=row.starts,
        of_release=row.of_release,
        cause=row.cause,
        evidence=row.evidence,
        line_id=row.line_id,
    )


def words(row: SlowPhase) -> str:
    """Such as: weights 6.1 × slower than usual (7 min 13 s instead of 1 min 11 s): nothing was prefetched."""
    name = PhaseName(row.phase).label.lower()
    if row.usual_s:
        told = f"{name} {row.seconds / row.usual_s:.1f} × slower than usual"
        told += f" ({duration(row.seconds)} instead of {duration(row.usual_s)})"
    else:
        told = f"{name} took {duration(row.seconds)}, and most starts skip it"
    return f"{told}: {row.cause}" if row.cause else told
