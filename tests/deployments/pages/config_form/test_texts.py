"""Settings as the texts of a form and back: nothing is lost, and what is no value is said."""

from typing import Any

import pytest

from deployments.pages.config_form.controls import CONTROLS
from deployments.pages.config_form.reading import read
from deployments.pages.config_form.texts import flag_rows, flag_texts, patched, texts_of
from deployments.planning.presets import GLM_5_2_FP8, PRESETS
from deployments.planning.spec import Spec

OWN = {"name": "GLM", "notes": "For\ntests.", "owner_id": 3, "warm_up": False, "member_cap_usd": "5.00"}


def document(spec: Spec = GLM_5_2_FP8, **changes: Any) -> dict[str, Any]:
    return OWN | spec.to_json() | changes


def test_every_setting_has_a_control() -> None:
    settings = set(document()) - {"image", "speculative"}
    assert {control.setting for control in CONTROLS.values()} == settings | {"image", "speculative"}
    assert {name for name in CONTROLS if "." in name} == {
        "image.reference", "image.setup_commands", "image.pip", "image.environment",
        "speculative.method", "speculative.num_speculative_tokens", "speculative.more",
    }  # fmt: skip


@pytest.mark.parametrize("slug", PRESETS)
def test_a_preset_comes_back_as_it_was(slug: str) -> None:
    reading = read(texts_of(document(PRESETS[slug])))
    assert reading.errors == {}
    assert reading.document == document(PRESETS[slug])


@pytest.mark.parametrize(
    "change",
    [
        {"speculative": {"method": "ngram", "prompt_lookup_max": 4}},
        {"speculative": {"method": 7, "num_speculative_tokens": "five"}},
        {"speculative": None},
        {"extra_flags": ["--seed", "1", "--hf-overrides", '{"a": "b c"}', "--x=1 2", "stray"]},
        {"extra_flags": ["--override-generation-config.temperature", "-1", "--names", "a b", "c", "--e", ""]},
        {"environment": {"A": "x=y, z"}, "volumes": {}, "secrets": []},
        {"cpu_cores": 8.5, "region": "eu-west", "gpu_count": 0, "gpu_type": "H100!"},
    ],
)
def test_whatever_a_configuration_holds_comes_back(change: dict[str, Any]) -> None:
    reading = read(texts_of(document(**change)))
    assert {name: reading.document[name] for name in change} == change


@pytest.mark.parametrize(
    ("rows", "argv"),
    [
        ([("seed", "1")], ["--seed", "1"]),
        ([("--max-num-batched-tokens 8192", "")], ["--max-num-batched-tokens", "8192"]),
        ([("", ""), ("--a", "it's")], ["--a", "it's"]),
        ([("--a", '{"b": 1}')], ["--a", '{"b": 1}']),
        ([("--a", "1 '2 3'")], ["--a", "1", "2 3"]),
    ],
)
def test_flags_may_be_typed_as_people_do(rows: list[tuple[str, str]], argv: list[str]) -> None:
    assert flag_texts(rows) == argv
    assert flag_texts(flag_rows(argv)) == argv


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_model_len", "131,072", 131072),
        ("max_model_len", "128K", 131072),
        ("max_model_len", " ", None),
        ("max_num_seqs", "", 32),
        ("idle_window_s", "15 min", 900),
        ("startup_timeout_s", "1 h 30 min", 5400),
        ("drain_limit_s", "0", 0),
        ("expected_boot_s", "4.5 min", 270.0),
        ("member_cap_usd", "$5", "5.00"),
        ("member_cap_usd", "", None),
        ("secrets", "a, b  c", ["a", "b", "c"]),
        ("region", "", None),
    ],
)
def test_a_value_may_be_typed_as_people_do(name: str, text: str, value: Any) -> None:
    reading = read(texts_of(document()) | {name: [text]})
    assert (reading.document[name], reading.errors) == (value, {})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("max_model_len", "a lot", "“a lot” is no number. Give a whole number"),
        ("gpu_count", "", "Give a whole number"),
        ("checkpoint_gib", "inf", "no number"),
        ("idle_window_s", "soon", "“soon” is no time. Give seconds, or a time such as 15 min"),
        ("idle_window_s", "1.5", "no whole number of seconds"),
        ("gpu_memory_utilization", "most", "Give one such as 0.92"),
        ("speculative.more", "[1]", "no JSON object"),
        ("environment.value", "x", "a value and no name"),
    ],
)
def test_what_cannot_be_a_value_is_said_under_its_field(name: str, text: str, said: str) -> None:
    reading = read(texts_of(document()) | {name: [text]})
    (found,) = reading.errors.items()
    assert found[0] == name.removesuffix(".value")
    assert said in found[1]
    assert all(name in reading.document for name in document()), "the rest can still be judged"


def test_a_fix_changes_its_settings_alone() -> None:
    typed = texts_of(document()) | {"max_model_len": ["a lot"]}
    changed, touched = patched(typed, {"gpu_count": 8, "max_num_seqs": 16})
    assert [control.name for control in touched] == ["max_num_seqs"], "eight GPUs were there before"
    assert changed == typed | {"max_num_seqs": ["16"]}
