"""The estimate for a deployment's configuration."""

from dataclasses import dataclass

from deployments.planning.spec import Spec

from .calibration import Calibration
from .devices import device_of
from .fit import Fit, Measured, Setting, estimate
from .known import shape_of
from .remedies import Change, remedies
from .shape import Shape


@dataclass(frozen=True, slots=True)
class Verdict:
    """The estimate, or in `why_not` why there is none; `remedies` are there where it does not fit.

    Where an engine measured, `fit` is what it measured, and `counted` what would have been estimated.
    """

    fit: Fit | None = None
    counted: Fit | None = None
    remedies: tuple[Change, ...] = ()
    why_not: str = ""


def fit_of(
    spec: Spec,
    measured: Measured | None = None,
    *,
    shape: Shape | None = None,
    own: Calibration | None = None,
) -> Verdict:
    """Whether the configuration fits its GPUs. `measured` is of an earlier run of the same configuration,
    `own` what such runs taught about a similar one, and `shape` of a config.json that somebody gave."""
    if not spec.gpu_count:
        return Verdict(why_not="It runs without a GPU.")
    device = device_of(spec.gpu_type)
    if device is None:
        return Verdict(why_not=f"How much memory a {spec.gpu_type} has is not known here.")
    shape = shape or shape_of(spec.model)
    if shape is None:
        return Verdict(why_not=f"The sizes of {spec.model} are not known here.")
    setting = setting_of(spec)
    counted = estimate(shape, setting, device, own=own)
    if measured is not None:
        return Verdict(estimate(shape, setting, device, measured=measured), counted)
    return Verdict(counted, remedies=tuple(remedies(shape, setting, device, own=own)))


def setting_of(spec: Spec) -> Setting:
    """What of a configuration decides about memory."""
    return Setting(
        ranks=max(1, spec.gpu_count),
        memory_share=float(spec.gpu_memory_utilization),
        max_model_len=spec.max_model_len,
        kv_cache_dtype=spec.kv_cache_dtype,
        drafting=(spec.speculative or {}).get("method") == "mtp",
        eager=spec.eager,
        checkpoint_gib=spec.checkpoint_gib,
    )
