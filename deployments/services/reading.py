"""From log lines to phases, readiness, samples and deaths."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from deployments.engines.base import (
    BootPhase,
    DeathFact,
    ExceptionFact,
    Fact,
    MemoryFact,
    PhaseFact,
    SpeculationFact,
    TrafficFact,
)
from deployments.engines.registry import engine_for
from deployments.models import OPEN_DOWNLOADS, Cause, Deployment, Phase, PhaseName, Run, Sample
from deployments.providers.base import LogEntry, NotDeployed, Provider

from . import diagnosing, logs
from .facts import spec_of

# Lines can arrive late: each read reaches this far back, and doubles are dropped.
OVERLAP = timedelta(seconds=45)
# Most of those reads reach less far back: a busy log read 45 s deep every two seconds is read twenty times.
SHALLOW, DEEP_EVERY_S = timedelta(seconds=12), 10
# After the last container is gone its log is read this much longer.
LINGER = timedelta(seconds=30)
# A provider whose clock is ahead of the panel's.
AHEAD = timedelta(minutes=5)
ORDER = [PhaseName(value) for value in PhaseName.values]


def read_logs(deployment: Deployment, runs: Sequence[Run], provider: Provider, now: datetime) -> None:
    """Take new lines in and apply what they say to their runs.

    The window is counted by the provider's own time stamps, so that a panel whose clock is off reads no less.
    """
    app_id = deployment.app_id or deployment.log_app_id
    if not app_id:
        return
    first = min((run.first_seen_at for run in runs), default=deployment.log_cursor or now)
    start = max(deployment.log_cursor or first, first)
    try:
        entries = provider.logs(app_id, since=start - _overlap(deployment, now), until=now + AHEAD)
    except NotDeployed:
        entries = []
    recent = deployment.runs.filter(Q(ended_at__isnull=True) | Q(pk__in=_newest(deployment)))
    new = logs.take_in(deployment, entries, {run.container_id: run for run in recent})
    _apply(deployment, new)
    for run in {run.pk: run for _, run in new if run is not None}.values():
        diagnosing.read_new(run, deployment)
    newest = max((entry.at for entry in entries), default=start)
    lines = {"log_cursor": max(newest, start), "log_app_id": app_id}
    Deployment.objects.filter(pk=deployment.pk).update(**lines)
    if runs:
        Deployment.objects.filter(pk=deployment.pk).update(log_read_until=now + LINGER)


def _overlap(deployment: Deployment, now: datetime) -> timedelta:
    """The whole overlap in the first look of every ten seconds, and where the look before is not known."""
    before = deployment.observed_at
    if before is None:
        return OVERLAP
    same = int(before.timestamp()) // DEEP_EVERY_S == int(now.timestamp()) // DEEP_EVERY_S
    return SHALLOW if same else OVERLAP


def _newest(deployment: Deployment) -> list[int]:
    """The last few runs: a line may come after its container went away."""
    return list(deployment.runs.order_by("-id").values_list("pk", flat=True)[:5])


def _apply(deployment: Deployment, new: Iterable[tuple[LogEntry, Run | None]]) -> None:
    engine = engine_for(spec_of(deployment).engine)
    new = list(new)
    _note_download(deployment, new)
    samples: dict[tuple[int, datetime], Sample] = {}
    for entry, run in new:
        if run is None:
            continue
        for fact in engine.read(entry.text):
            _apply_fact(run, fact, entry, samples)
    Sample.objects.bulk_create(samples.values(), ignore_conflicts=True)


def _note_download(deployment: Deployment, new: Sequence[tuple[LogEntry, Run | None]]) -> None:
    """Keep the last word of an open weights download where people see it."""
    words = [entry.text for entry, run in new if run is not None and run.cause == Cause.DOWNLOAD]
    if words:
        line = logs.clean(logs.redact(words[-1], logs.known_secrets(deployment.account)))
        deployment.downloads.filter(status__in=OPEN_DOWNLOADS).update(last_line=line[:200])


def _apply_fact(run: Run, fact: Fact, entry: LogEntry, samples: dict[tuple[int, datetime], Sample]) -> None:
    if isinstance(fact, PhaseFact):
        _enter(run, fact, entry.at)
    elif isinstance(fact, MemoryFact):
        _measure(run, fact)
    elif isinstance(fact, DeathFact):
        _die(run, fact, entry.at)
    elif isinstance(fact, ExceptionFact):
        run.last_exception = fact.text[:4000]
        Run.objects.filter(pk=run.pk).update(last_exception=run.last_exception)
    elif isinstance(fact, TrafficFact):
        sample = samples.setdefault((run.pk, entry.at), Sample(run=run, at=entry.at))
        sample.running, sample.waiting = fact.running, fact.waiting
        sample.prompt_tokens_per_s = fact.prompt_tokens_per_s
        sample.generation_tokens_per_s = fact.generation_tokens_per_s
        sample.kv_cache_use, sample.prefix_hit_rate = fact.kv_cache_use, fact.prefix_hit_rate
    elif isinstance(fact, SpeculationFact) and fact.acceptance_length is not None:
        sample = samples.setdefault((run.pk, entry.at), Sample(run=run, at=entry.at))
        sample.acceptance_length = fact.acceptance_length


def _measure(run: Run, fact: MemoryFact) -> None:
    """Every rank may say it: what counts is the fullest one."""
    told: dict[str, float] = {}
    if fact.weights_gib is not None:
        told["weights_gib"] = max(fact.weights_gib, run.weights_gib or 0.0)
    if fact.cache_gib is not None:
        told["cache_gib"] = min(fact.cache_gib, run.cache_gib or fact.cache_gib)
    if fact.cache_tokens is not None:
        told["cache_tokens"] = min(fact.cache_tokens, run.cache_tokens or fact.cache_tokens)
    for name, value in told.items():
        setattr(run, name, value)
    Run.objects.filter(pk=run.pk).update(**told)


def _enter(run: Run, fact: PhaseFact, at: datetime) -> None:
    """The run is in this phase from `at` on, unless it is further already."""
    if fact.phase is BootPhase.READY:
        mark_ready(run, at)
        return
    name = PhaseName(fact.phase.value)
    if run.ready_at is not None:
        _enter_late(run, name, at)
        return
    if ORDER.index(name) < ORDER.index(PhaseName(run.phase)):
        return
    if name != run.phase:
        Phase.objects.get_or_create(run=run, name=name, defaults={"started_at": at})
    run.phase, run.progress, run.progress_text = name, fact.progress, fact.text[:120]
    Run.objects.filter(pk=run.pk, ready_at__isnull=True).update(
        phase=name, progress=fact.progress, progress_text=run.progress_text
    )


def _enter_late(run: Run, name: PhaseName, at: datetime) -> None:
    """A line of the boot that is read after the server answered: its phase still belongs to the story."""
    before = [phase for phase in run.phases.all() if phase.name != PhaseName.READY]
    furthest = max((ORDER.index(PhaseName(phase.name)) for phase in before), default=-1)
    if run.ready_at is not None and at <= run.ready_at and ORDER.index(name) > furthest:
        Phase.objects.get_or_create(run=run, name=name, defaults={"started_at": at})


def mark_ready(run: Run, at: datetime) -> None:
    """The run answers from `at` on; of two words about it the earlier instant counts."""
    earlier = Q(ready_at__isnull=True) | Q(ready_at__gt=at)
    changed = Run.objects.filter(earlier, pk=run.pk, ended_at__isnull=True).update(
        ready_at=at, phase=PhaseName.READY, progress=None, progress_text=""
    )
    if changed:
        Phase.objects.update_or_create(run=run, name=PhaseName.READY, defaults={"started_at": at})
        run.ready_at, run.phase = at, PhaseName.READY
        Deployment.objects.filter(pk=run.deployment_id).update(
            weights_present=True, engine_failed_at=None, engine_failure_text=""
        )


def _die(run: Run, fact: DeathFact, at: datetime) -> None:
    """The engine is dead. Kept is the line that names the cause itself, else the exception before the death,
    else the line that says no more than that it is dead."""
    root = fact.root or bool(run.last_exception)
    if run.engine_died_at is not None and (run.engine_error_is_root or not root):
        return
    run.engine_died_at = run.engine_died_at or at
    run.engine_error = (fact.text if fact.root else run.last_exception or fact.text)[:4000]
    run.engine_error_is_root = root
    Run.objects.filter(pk=run.pk).update(
        engine_died_at=run.engine_died_at,
        engine_error=run.engine_error,
        engine_error_is_root=run.engine_error_is_root,
    )
