"""Formats and GPUs: what runs where, what fits, and what earlier runs teach."""

from dataclasses import replace

import pytest

from deployments.ledger.formats import FORMATS as PUBLISHED
from deployments.planning.memory.devices import DEVICES
from deployments.planning.memory.fit import Measured, estimate
from deployments.planning.memory.formats import COMPARED, FORMATS, Way, path_of
from deployments.planning.memory.grid import Cell, grid
from deployments.planning.memory.observed import calibrated, off_percent
from deployments.planning.memory.of_spec import setting_of
from deployments.planning.memory.quantization import FORMAT_BYTES
from deployments.planning.memory.shape import read_config
from deployments.planning.presets import GLM_5_2_FP8, PRESETS

from .families import config_of
from .shapes import GLM_5_2

SHAPE, SETTING = read_config(GLM_5_2), setting_of(GLM_5_2_FP8)
H200 = DEVICES["H200"]
LARGE = [DEVICES[name] for name in ("H100", "H200", "B200")]


def cells(**options: object) -> dict[tuple[str, str, int], Cell]:
    found = grid(SHAPE, SETTING, devices=LARGE, formats=COMPARED, **options)  # type: ignore[arg-type]
    return {(one.format.key, one.device.name, one.count): one for one in found}


def test_every_format_has_bytes_and_every_way_a_source() -> None:
    assert set(FORMATS) == set(FORMAT_BYTES)
    for key in COMPARED:
        for device in DEVICES.values():
            path = path_of(key, device)
            assert path.words
            assert path.source


@pytest.mark.parametrize(
    ("key", "gpu", "way"),
    [
        ("fp8", "H100", Way.NATIVE),
        ("fp8", "B200", Way.NATIVE),
        ("fp8", "L40S", Way.NATIVE),
        ("fp8", "A100-80GB", Way.WEIGHTS_ONLY),
        ("nvfp4", "B200", Way.NATIVE),
        ("nvfp4", "H200", Way.WEIGHTS_ONLY),
        ("int8", "H200", Way.NATIVE),
        ("int8", "B200", Way.NONE),
        ("int4", "H200", Way.WEIGHTS_ONLY),
        ("bf16", "T4", Way.NONE),
        ("mxfp4", "H200", Way.UNKNOWN),
    ],
)
def test_a_gpu_computes_in_a_format_as_is_documented(key: str, gpu: str, way: Way) -> None:
    assert path_of(key, DEVICES[gpu]).way is way


def test_the_count_agrees_with_the_gpus_that_the_case_study_names() -> None:
    found = cells()
    for one in PUBLISHED:
        if one.gpu_count <= 8:
            assert found[one.key, one.gpu_type, one.gpu_count].fits, one.name
            assert not found[one.key, one.gpu_type, one.gpu_count // 2].fits, one.name
        else:
            assert not any(cell.fits for (key, _, _), cell in found.items() if key == one.key), one.name


def test_what_cannot_run_says_why() -> None:
    found = cells()
    assert "no INT8 kernels" in found["int8", "B200", 8].why_not
    odd = grid(read_config(config_of("Qwen2.5 7B")), SETTING, devices=LARGE, formats=["bf16"], counts=[8])
    assert [one.why_not for one in odd] == ["28 attention heads cannot be shared by 8 GPUs"] * 3


def test_what_fits_only_if_the_estimate_holds_is_told_apart() -> None:
    found = cells()
    assert found["nvfp4", "H200", 4].close
    assert not found["fp8", "H200", 8].close
    assert found["fp8", "H200", 1].far
    assert found["fp8", "H200", 4].short_gib == pytest.approx(73.4, abs=0.5)


def test_only_the_measured_combination_claims_to_be_close() -> None:
    errors = {key: one.fit.error for key, one in cells().items() if one.fit}
    assert [key for key, error in errors.items() if error == 0.03] == [("fp8", "H200", 8)]


def test_a_run_teaches_the_next_estimate_of_another_context() -> None:
    measured = Measured(96.0, 23.5)
    own = calibrated(SHAPE, SETTING, H200, measured, "run 1")
    again = estimate(SHAPE, SETTING, H200, own=own)
    assert (again.weights_gib, again.cache_gib) == (pytest.approx(96.0), pytest.approx(23.5))
    assert (again.basis, again.error) == ("run 1", 0.03)
    more = estimate(SHAPE, replace(SETTING, memory_share=0.95, max_model_len=65536), H200, own=own)
    assert more.cache_gib == pytest.approx(23.5 + 0.03 * H200.memory_gib)
    assert cells(own={("H200", 8): own})["fp8", "H200", 8].fit == again
    assert cells(own={("H200", 8): own})["int8", "H200", 8].fit == cells()["int8", "H200", 8].fit


def test_lines_that_cannot_be_teach_nothing() -> None:
    assert calibrated(SHAPE, SETTING, H200, Measured(120.0, 25.94), "run 1") is None
    assert off_percent(26.0, 25.0) == pytest.approx(4.0)
    assert off_percent(26.0, 0.0) is None


def test_the_long_preset_fits_even_if_the_estimate_is_off() -> None:
    fit = estimate(SHAPE, setting_of(PRESETS["glm-5-2-fp8-long"]), H200)
    assert fit.fits
    assert fit.cache_gib - fit.error * fit.weights_gib > fit.request_gib
