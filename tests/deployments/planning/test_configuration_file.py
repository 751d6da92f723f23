"""Configurations as files: there and back, strictly read, and described by a schema that says the same."""

from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
import yaml

from deployments.planning.configuration_file import (
    LONGEST_CHARACTERS,
    ConfigurationFile,
    ConfigurationFileError,
    read,
    schema,
    written,
)
from deployments.planning.presets import GLM_5_2_FP8, PRESETS_BY_SLUG
from deployments.planning.spec import Spec, SpecError

SMALL = """\
pilotlight: 1
config:
  model: org/tiny
  served_name: tiny
  image: {reference: "vllm/vllm-openai:v0.33.0"}
  gpu_type: H100
  gpu_count: 1
"""
VALID = jsonschema_rs.validator_for(schema())


@pytest.mark.parametrize("preset", PRESETS_BY_SLUG.values(), ids=PRESETS_BY_SLUG)
def test_preset_comes_back_as_it_was(preset: Any) -> None:
    text = written(
        ConfigurationFile("Name: with a colon", "one\ntwo\n", preset.spec.to_json()), about="a preset"
    )
    file = read(text)
    assert (file.name, file.notes) == ("Name: with a colon", "one\ntwo\n")
    assert "app_name" not in file.config
    assert Spec.from_json({**file.config, "app_name": "x"}) == replace(preset.spec, app_name="x")
    VALID.validate(yaml.safe_load(text))


def test_comments_say_what_it_is_and_where_its_schema_is() -> None:
    file = ConfigurationFile("", "", GLM_5_2_FP8.to_json())
    lines = written(file, about="first\nsecond", schema_url="https://panel/schema").splitlines()
    assert lines[:3] == ["# first", "# second", "# yaml-language-server: $schema=https://panel/schema"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "file: is no list of names"),
        ("- a\n", "file: is no list of names"),
        ("[" * 5000, "file: is no YAML"),
        ("a: [1\n", "line 2: holds what is no YAML"),
        ("\x00", "file: is no YAML"),
        (f"pilotlight: {'9' * 5000}\n", "file: holds a number or a switch that is none"),
        ("a: 0x_\n", "file: holds a number or a switch that is none"),
        ("a: !!bool maybe\n", "file: holds a number or a switch that is none"),
        ("a: !!timestamp 2020\n", "line 1: holds the tag"),
        ('pilotlight: 1\nname: "a\\0b"\n', "name: holds a letter that cannot be stored"),
        ('pilotlight: 1\nconfig: {model: "a\\ud800"}\n', "config: holds a letter that cannot be stored"),
        ("x" * (LONGEST_CHARACTERS + 1), "file: is longer than 200,000"),
        (SMALL + "color: red\n", "color: is unknown; there are pilotlight, name"),
        (SMALL.replace("pilotlight: 1", "pilotlight: 2"), "pilotlight: has to be 1"),
        (SMALL.replace("pilotlight: 1", "pilotlight: true"), "pilotlight: has to be 1"),
        ("pilotlight: 1\n", "config: is missing"),
        ("pilotlight: 1\nconfig: {}\n", "config: is missing"),
        (SMALL + "name: 5\n", "name: is no text"),
        (SMALL + "  gpu_count: 2\n", "line 8: holds gpu_count a second time"),
        (SMALL + "  yes: 2\n", "line 8: holds a name that is no text"),
        (SMALL + "  environment: &all {A: b}\n  volumes: *all\n", "line 9: holds an alias"),
        (SMALL + "  expected_boot_s: .inf\n", "line 8: holds a number that is none"),
        (SMALL + "  model: !!python/object:os.system ls\n", "line 8: holds"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigurationFileError) as caught:
        read(text)
    assert words in str(caught.value)


def test_dates_and_merges_are_plain_texts() -> None:
    config = read(SMALL + "  revision: 2026-01-01\n  environment: {'<<': x}\n").config
    assert (config["revision"], config["environment"]) == ("2026-01-01", {"<<": "x"})


@pytest.mark.parametrize(
    "change",
    [
        {"gpu_count": 9}, {"gpu_count": "1"}, {"idle_window_s": 1}, {"cpu_cores": 0}, {"eager": "yes"},
        {"gpu_memory_utilization": 0.9}, {"secrets": "huggingface"}, {"environment": {"A": 1}},
        {"model": None}, {"unheard_of": 1}, {"image": {"tag": "x"}}, {"max_model_len": 0},
    ],
    ids=str,
)  # fmt: skip
def test_schema_refuses_what_the_panel_refuses(change: dict[str, Any]) -> None:
    data = yaml.safe_load(SMALL)
    assert VALID.is_valid(data)
    Spec.from_json({**data["config"], "app_name": "x"})
    data["config"] |= change
    assert not VALID.is_valid(data)
    with pytest.raises(SpecError):
        Spec.from_json({**data["config"], "app_name": "x"})
