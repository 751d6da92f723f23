"""What engines measured of their memory, and what that teaches the next estimate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deployments.models import Deployment, Release, Run
from deployments.planning.memory.calibration import Calibration
from deployments.planning.memory.devices import device_of
from deployments.planning.memory.fit import Fit, Measured, estimate
from deployments.planning.memory.observed import calibrated, off_percent
from deployments.planning.memory.of_spec import setting_of
from deployments.planning.spec import Spec, SpecError

from .model_sizes import ModelSizes

# So many runs are looked at: the newest of each release count.
_RUNS = 100


def measured_memory(release: Release | None) -> Measured | None:
    """Of the newest run of a release whose engine said both; None where none did."""
    if release is None:
        return None
    told = release.runs.filter(weights_gib__isnull=False, cache_gib__gt=0, ready_at__isnull=False)
    run = told.order_by("-id").first()
    if run is None or run.weights_gib is None or run.cache_gib is None:
        return None
    return Measured(run.weights_gib, run.cache_gib)


@dataclass(frozen=True, slots=True)
class Observation:
    """What the engine of a release's newest run printed. `estimated` is what would have been said before it,
    with all that earlier releases had taught; None where the model's sizes are not known."""

    release: int
    run: int
    at: datetime
    spec: Spec
    measured: Measured
    tokens: int | None
    estimated: Fit | None = None

    @property
    def possible(self) -> bool:
        """Whether it can be: no more than the engine may use of the GPU."""
        if self.estimated is None:
            return True
        allowed = self.estimated.device.memory_gib * float(self.spec.gpu_memory_utilization)
        return self.measured.weights_gib + self.measured.cache_gib <= allowed

    @property
    def weights_off(self) -> float | None:
        """By how many per cent the estimate of the weights was above."""
        fit = self.estimated
        return None if fit is None else off_percent(fit.weights_gib, self.measured.weights_gib)

    @property
    def cache_off(self) -> float | None:
        """The same of what was left for the cache."""
        fit = self.estimated
        return None if fit is None else off_percent(fit.cache_gib, self.measured.cache_gib)

    @property
    def tokens_off(self) -> float | None:
        """The same of the tokens that the cache holds."""
        if self.estimated is None or not self.tokens:
            return None
        return off_percent(self.estimated.cache_tokens, self.tokens)


def observations(deployment: Deployment, sizes: ModelSizes) -> list[Observation]:
    """One for each release that was measured, the oldest first, each beside its estimate. One query."""
    known: list[Observation] = []
    for seen in sorted(_newest(deployment), key=lambda one: one.release):
        known.append(_estimated(seen, sizes, known))
    return known


@dataclass(frozen=True, slots=True)
class Known:
    """What a deployment's estimates rest on: the sizes of its model, and what its own runs printed."""

    sizes: ModelSizes
    seen: Sequence[Observation]


def known_of(deployment: Deployment) -> Known:
    """Two queries."""
    sizes = ModelSizes(deployment)
    return Known(sizes, observations(deployment, sizes))


def own_calibration(spec: Spec, sizes: ModelSizes, seen: Sequence[Observation]) -> Calibration | None:
    """What the newest measured release taught about a configuration of the same model on the same GPUs; its
    context, share and cache may differ. None where nothing alike was measured."""
    shape, device = sizes.shape(spec.model), device_of(spec.gpu_type)
    for one in reversed(seen):
        if shape is None or device is None or not one.possible or not _alike(one.spec, spec):
            continue
        source = f"what the engine of release {one.release} printed in run {one.run}"
        return calibrated(shape, setting_of(one.spec), device, one.measured, source)
    return None


def _newest(deployment: Deployment) -> Iterable[Observation]:
    if deployment.pk is None:  # one that is only being filled in
        return ()
    told = Run.objects.filter(
        deployment=deployment, weights_gib__isnull=False, cache_gib__gt=0, ready_at__isnull=False
    )
    found: dict[int, Observation] = {}
    for run in told.select_related("release").order_by("-id")[:_RUNS]:
        release, weights, cache = run.release, run.weights_gib, run.cache_gib
        if release is None or weights is None or cache is None or release.number in found:
            continue
        try:
            spec = Spec.from_json(release.spec)
        except SpecError:
            continue
        found[release.number] = Observation(
            release.number, run.number, run.first_seen_at, spec, Measured(weights, cache), run.cache_tokens
        )
    return found.values()


def _estimated(seen: Observation, sizes: ModelSizes, before: Sequence[Observation]) -> Observation:
    shape, device = sizes.shape(seen.spec.model), device_of(seen.spec.gpu_type)
    if shape is None or device is None:
        return seen
    own = own_calibration(seen.spec, sizes, before)
    return replace(seen, estimated=estimate(shape, setting_of(seen.spec), device, own=own))


def _alike(one: Spec, other: Spec) -> bool:
    """Whether what one was measured to need beyond the count holds for the other."""
    ours, theirs = setting_of(one), setting_of(other)
    return (one.model, one.gpu_type, one.gpu_count) == (other.model, other.gpu_type, other.gpu_count) and (
        ours.drafting,
        ours.eager,
    ) == (theirs.drafting, theirs.eager)
