"""Objects behind flags are judged key by key, and a click mends them in the spelling that was typed."""

import pytest

from deployments.engines.catalogue import nearest
from deployments.engines.validation import Context, Level, findings

from .inner_verdicts import INNER, INNER_RIGHT, LATER, MENDED
from .verdicts import TOKEN, extra, spec

KNOWN = Context(nearest("0.32.0"))
CODES = {"unknown-key", "wrong-type", "wrong-choice", "wrong-value"}


def judged(*flags, context=KNOWN, **more):
    return findings(spec(extra(*flags, eager=False) | more, context.catalogue.version), context)


@pytest.mark.parametrize(("flags", "code", "words"), INNER + LATER)
def test_what_an_object_may_not_hold_is_an_error_with_the_right_words(flags, code, words):
    found = [one for one in judged(*flags) if one.code == code]
    assert [one for one in found if words in one.words], found
    assert all(one.level is Level.ERROR for one in found)
    assert {one.by_parser for one in found} == {(flags, code, words) in INNER}


@pytest.mark.parametrize("flags", INNER_RIGHT)
def test_no_right_object_is_refused(flags):
    assert [one.words for one in judged(*flags) if one.code in CODES] == []


@pytest.mark.parametrize(("typed", "better"), MENDED)
def test_a_click_writes_it_as_it_would_be_right(typed, better):
    (found,) = [one for one in judged(*typed) if one.code in CODES]
    assert tuple(found.fix.patch["extra_flags"]) == better
    assert [one.words for one in judged(*better) if one.code in CODES] == []


def test_every_mistake_in_an_object_is_told_at_once():
    found = judged("--compilation-config", '{"moed": 3, "cache_dir": 7, "cudagraph_mode": "PIECE"}')
    assert [one.code for one in found if one.code in CODES] == ["unknown-key", "wrong-type", "wrong-choice"]


def test_no_value_that_may_be_a_secret_is_repeated():
    found = judged("--kv-transfer-config.kv_role", TOKEN)
    assert [one.code for one in found if one.code in CODES] == ["wrong-choice"]
    assert TOKEN not in "".join(one.words for one in found)


@pytest.mark.parametrize(
    "flags",
    [
        ("--eplb-config.window_size", "-" + "9" * 400),
        ("--eplb-config", '{{"window_size": -{}, "nested": {}}}'.format("9" * 400, "[" * 500 + "]" * 500)),
        ("--eplb-config" + ".x" * 3000, "1"),
        ("-cc.custom_ops", "[" * 400 + "]" * 400),
    ],
)
def test_absurd_sizes_are_only_wrong(flags):
    found = [one for one in judged(*flags) if one.code in CODES | {"missing-value"}]
    assert found
    assert max(len(one.words) for one in found) < 400


def test_the_speculation_of_the_settings_is_judged_by_the_same_fields():
    def said(**speculative):
        found = judged(speculative={"method": "mtp", "num_speculative_tokens": 1} | speculative)
        return [one for one in found if one.code.startswith("speculation")]

    (found,) = said(draft_sample_method="greedi")
    assert found.fix.patch["speculative"]["draft_sample_method"] == "greedy"
    assert "draft_load_config knows no lod_format" in said(draft_load_config={"lod_format": "x"})[0].words
    assert "prompt_lookup_max has to be at least 1" in said(prompt_lookup_max=0)[0].words
    assert said(**{"draft-sample-method": "probabilistic"}) == []


def test_a_version_whose_objects_are_not_known_says_so_as_an_advice():
    older = Context(nearest("0.33.0"))
    flags = ("-cc.mode", "99", "-cc.cudagraph_mode", "zz", "--hf-overrides.x", "1")
    (found,) = [one for one in judged(*flags, context=older) if one.code == "inner-unchecked"]
    assert found.level is Level.ADVICE
    assert "not checked by the catalogue of vLLM 0.33.0" in found.words
    assert [one for one in judged(*flags) if one.code == "inner-unchecked"] == []
