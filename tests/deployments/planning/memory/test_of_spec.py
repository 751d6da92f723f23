"""The estimate for a configuration, or why there is none."""

from dataclasses import replace

import pytest

from deployments.planning.memory.of_spec import fit_of
from deployments.planning.presets import GLM_5_2_FP8


def test_the_preset_fits() -> None:
    verdict = fit_of(GLM_5_2_FP8)
    assert verdict.fit is not None
    assert verdict.fit.fits
    assert verdict.fit.cache_tokens == pytest.approx(509_000, rel=0.01)
    assert verdict.remedies == ()


def test_sixteen_bits_do_not_fit_eight_gpus_and_no_single_change_helps() -> None:
    verdict = fit_of(replace(GLM_5_2_FP8, model="zai-org/GLM-5.2", checkpoint_gib=None))
    assert verdict.fit is not None
    assert not verdict.fit.fits
    assert verdict.fit.cache_gib < 0
    assert verdict.remedies == ()


def test_half_the_gpus_are_too_few() -> None:
    verdict = fit_of(replace(GLM_5_2_FP8, gpu_count=4))
    assert [(change.field, change.value) for change in verdict.remedies] == [("gpu_count", 8)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gpu_count": 0}, "without a GPU"),
        ({"gpu_type": "TPU"}, "a TPU"),
        ({"model": "somebody/something"}, "somebody/something"),
    ],
)
def test_what_is_not_known_is_said(change: dict[str, object], words: str) -> None:
    verdict = fit_of(replace(GLM_5_2_FP8, **change))  # type: ignore[arg-type]
    assert verdict.fit is None
    assert words in verdict.why_not
