"""Every wrong configuration is caught with the right words, and no right one is refused."""

import re
from dataclasses import replace

import pytest

from deployments.engines.catalogue import nearest
from deployments.engines.validation import RULES, Context, Level, ModelFacts, facts_of_config, findings
from deployments.planning.presets import GLM_5_2_FP8, PRESETS_BY_SLUG
from deployments.planning.spec import Spec

from .verdicts import BEYOND, PARSER, RIGHT, TOKEN, extra, spec

NEWEST = Context(nearest("0.33.0"))


def judged(change, context=NEWEST):
    return findings(spec(change), context)


def one(change, code, context=NEWEST):
    return next(found for found in judged(change, context) if found.code == code)


@pytest.mark.parametrize(("change", "code", "words"), PARSER)
def test_what_the_parser_refuses_is_an_error_with_the_right_words(change, code, words):
    found = one(change, code)
    assert found.level is Level.ERROR
    assert found.by_parser
    assert words in found.words


@pytest.mark.parametrize(("change", "code", "words"), BEYOND)
def test_what_the_parser_takes_is_told_with_the_right_words(change, code, words):
    found = [found for found in judged(change) if found.code == code]
    assert any(words in f"{one.words} {one.flag}" for one in found), found
    assert not any(one.by_parser for one in found)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("change", RIGHT)
@pytest.mark.parametrize("version", ["0.32.0", "0.33.0"])
def test_no_right_configuration_is_refused(change, version):
    if version == "0.32.0" and "--disable-uvicorn-access-log" in change.get("extra_flags", ()):
        return
    judged = findings(spec(change, version), Context(nearest(version)))
    assert [found for found in judged if found.level is Level.ERROR] == []


@pytest.mark.parametrize(("change", "code", "words"), PARSER + BEYOND)
def test_a_click_mends_what_it_is_offered_for(change, code, words):
    for found in judged(change):
        if found.code != code or found.fix is None:
            continue
        mended = Spec.from_json(_storable(spec(change)) | dict(found.fix.patch))
        after = [again for again in findings(mended, NEWEST) if again.code == code]
        assert found.cause not in [again.cause for again in after]


def _storable(broken: Spec) -> dict[str, object]:
    """The spec as JSON, less what a configuration refuses to hold at all."""
    config = broken.to_json()
    config["environment"] = {}
    config["max_inputs"] = max(config["max_inputs"], config["max_num_seqs"])
    config["idle_window_s"] = min(config["idle_window_s"], 3600)
    if any("WANDB" in name for name in config["image"]["environment"]):
        config["image"]["environment"] = {}
    return config


def test_every_rule_has_a_row_and_says_where_it_is_known_from():
    rows = {code for _, code, _ in BEYOND}
    elsewhere = {"auto-tool-choice", "nearest-catalogue", "config-file", "speculation-values"}
    assert {rule.code for rule in RULES} - rows == elsewhere
    assert all(rule.source for rule in RULES)


def test_what_the_glm_recipe_needs_not_is_told_where_it_matters():
    change = extra("--enable-auto-tool-choice", tool_call_parser=None)
    assert one(change, "auto-tool-choice").level is Level.ERROR
    assert one(extra("--config", "x.yaml"), "config-file").level is Level.WARNING
    assert "0.33.0" in one({"engine_version": "0.34.1"}, "nearest-catalogue").words


def test_history_and_the_models_own_config_count():
    slow = replace(NEWEST, boot_p99_s=4000.0)
    assert one({}, "startup-limit", slow).fix.patch == {"startup_timeout_s": 8040}
    config = {"num_attention_heads": 20, "max_position_embeddings": 32768}
    own = replace(NEWEST, model=facts_of_config({"text_config": config}))
    assert "20 attention heads" in one({}, "heads", own).words
    assert "32,768" in one({}, "context-too-long", own).words
    assert facts_of_config({"num_attention_heads": "many"}) == ModelFacts()


def test_code_from_elsewhere_is_refused_on_a_shared_host():
    shared = replace(NEWEST, shared=True)
    assert one(extra("--middleware", "x.Y"), "loads-code", shared).level is Level.ERROR


def test_a_repeated_flag_moves_into_its_setting_with_one_click():
    fix = one(extra("--seed", "1", "--max-num-seqs", "24"), "repeats-setting").fix
    assert fix.patch == {"extra_flags": ["--seed", "1"], "max_num_seqs": 24}


@pytest.mark.parametrize("preset", PRESETS_BY_SLUG.values(), ids=lambda preset: preset.slug)
def test_presets_have_no_error_in_their_catalogue_and_name_their_sources(preset):
    judged = findings(preset.spec, Context(nearest(preset.spec.engine_version)))
    assert [found.words for found in judged if found.level is Level.ERROR] == []
    assert Spec.from_json(preset.spec.to_json()) == preset.spec
    assert preset.sources
    assert preset.words


def test_preset_names_and_apps_are_their_own():
    apps = [preset.spec.app_name for preset in PRESETS_BY_SLUG.values()]
    assert len(set(apps)) == len(apps)
    assert all(re.fullmatch(r"[a-z0-9-]+", slug) for slug in PRESETS_BY_SLUG)
    assert PRESETS_BY_SLUG["glm-5-2-fp8"].spec is GLM_5_2_FP8
