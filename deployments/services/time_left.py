"""How long until ready, for people: from own history, with the error that such estimates had."""

from collections.abc import Sequence
from datetime import datetime

from deployments.models import Deployment, Run
from deployments.planning.starts.backtest import backtest
from deployments.planning.starts.eta import Eta, Progress, eta
from deployments.planning.starts.start import PHASES, Start, basis

from .views import EtaView


def time_left(
    starts: Sequence[Start], deployment: Deployment, run: Run | None, now: datetime
) -> EtaView | None:
    """`starts` are newest first. None where there are too few of them to say anything."""
    held = basis(starts, _release(deployment, run))
    if not held.starts:
        return None
    come = progress(run, now)
    found = eta(held.starts, come)
    tested = (backtest(starts, come.phase) if come.phase else None) or backtest(starts)
    return EtaView(
        p50_s=found.p50_s,
        p90_s=found.p90_s,
        starts=found.starts,
        of_release=held.of_release,
        late=late_words(found),
        within_s=tested.seconds if tested is not None else 0.0,
        hits=tested.hits if tested is not None else 0,
        tested=tested.of if tested is not None else 0,
    )


def _release(deployment: Deployment, run: Run | None) -> int | None:
    release = run.release if run is not None else deployment.current_release
    return release.number if release is not None else None


def progress(run: Run | None, now: datetime) -> Progress:
    """How far a run (with its phases) has come at `now`."""
    if run is None:
        return Progress()
    passed_s = max(0.0, (now - run.first_seen_at).total_seconds())
    began = next((phase.started_at for phase in run.phases.all() if phase.name == run.phase), None)
    if began is None or run.phase not in PHASES:
        return Progress(passed_s)
    return Progress(passed_s, run.phase, max(0.0, (now - began).total_seconds()), run.progress)


def late_words(found: Eta) -> str:
    """Such as: longer than 9 of 10 starts. Empty until then."""
    if not found.late:
        return ""
    if found.were_ready == found.starts:
        return f"longer than each of the last {found.starts} starts"
    return "longer than 9 of 10 starts"


def margin_words(left: EtaView) -> str:
    """Such as: was within ±40 s in 8 of 10 past starts. Empty where too few could be tested."""
    if not left.tested:
        return ""
    return f"was within ±{left.within_s:.0f} s in {left.hits} of {left.tested} past starts"
