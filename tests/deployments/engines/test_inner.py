"""What a catalogue tells of objects behind flags, and what it does not."""

import json

import pytest

from deployments.engines.catalogue import SHIPPED, CatalogueError, nearest, read_catalogue
from deployments.engines.inner import fields_under, kind_of

KNOWN, OLDER = nearest("0.32.0"), nearest("0.33.0")


def inner(dest):
    return KNOWN.flag(dest).inner


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "bit"),
        (2.0, "integer"),
        (2.5, "number"),
        ("off", "switch-text"),
        ("7.0", "integer-text"),
        ("0.5", "number-text"),
        ("off it goes", "text"),
        ([], "list"),
        ({}, "object"),
    ],
)
def test_a_value_is_of_the_kind_that_it_could_be_read_as(value, kind):
    assert kind_of(value) == kind


def test_fields_tell_choices_bounds_and_defaults():
    mode = inner("compilation_config").fields["mode"]
    assert 3 in mode.choices
    assert "VLLM_COMPILE" in mode.choices
    assert inner("eplb_config").fields["window_size"].bounds == {"gt": 0}
    assert inner("kv_transfer_config").fields["kv_load_failure_policy"].default == "fail"
    assert "fuse_norm_quant" in fields_under(inner("compilation_config"), ["pass_config"])
    assert fields_under(inner("compilation_config"), ["mode", "x"]) == {}


def test_what_is_free_is_told_from_what_is_not_known():
    assert inner("hf_overrides").fields is None
    assert not inner("speculative_config").by_parser
    assert OLDER.flag("compilation_config").inner is None
    assert "mode" in OLDER.flag("compilation_config").keys


def test_keys_are_completed_behind_the_dot():
    found = [name for name, _ in KNOWN.search_inside("--compilation-config.cudagraph-m")]
    assert found[0] == "--compilation-config.cudagraph_mm_encoder"
    assert "--compilation-config.cudagraph_mode" in found
    assert [name for name, _ in KNOWN.search_inside("-cc.pass_config.noop")] == [
        "-cc.pass_config.eliminate_noops"
    ]
    assert KNOWN.search_inside("--speculative-config.target_model") == ()
    assert KNOWN.search_inside("--hf-overrides.x") == OLDER.search_inside("--compilation-config.m") == ()


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        ([], "inner: has to be an object"),
        ({"free": False, "fields": 3}, "fields: has to be a list"),
        ({"free": False, "fields": [{"name": "x"}]}, r"fields\[0\].takes: is of the wrong type \(x\)"),
    ],
)
def test_a_damaged_inner_part_is_refused_by_name(damaged, words):
    data = json.loads((SHIPPED / "vllm-0.32.0.json").read_text())
    data["flags"][0]["inner"] = damaged
    with pytest.raises(CatalogueError, match=words):
        read_catalogue(data)
