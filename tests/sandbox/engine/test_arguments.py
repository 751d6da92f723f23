"""The command line, against what the real parser of 0.32.0 did with the same words."""

import pytest

from sandbox.engine.arguments import UsageError, parse_serve
from tests.sandbox.engine.making import RECIPE, catalogue

ACCEPTED = [
    ("--max-model-len 128k", {"max_model_len": 128_000}),
    ("--max_model_len=128K", {"max_model_len": 131_072}),
    ("--max-model-len auto", {"max_model_len": -1}),
    ("--max-model-len -1", {"max_model_len": -1}),
    ("-tp 8", {"tensor_parallel_size": 8}),
    ("-tp=4 -tp 2", {"tensor_parallel_size": 2}),
    ("-O3", {"optimization_level": "3"}),
    ("--no-enable-prefix-caching", {"enable_prefix_caching": False}),
    ("--no-enforce-eager", {}),
    ("--enable-prefix", {"enable_prefix_caching": True}),
    ("--hf-overrides {a", {"hf_overrides": "{a"}),
    ("--hf-token", {"hf_token": True}),
    ("--api-key a b --port 3", {"api_key": ["a", "b"], "port": 3}),
    ("--served-model-name a b", {"served_model_name": ["a", "b"]}),
    ("--tool-call-parser glm99", {"tool_call_parser": "glm99"}),
    ("--quantization zz", {"quantization": "zz"}),
    (
        "--speculative-config.method mtp --speculative_config.num_speculative_tokens 5",
        {"speculative_config": {"method": "mtp", "num_speculative_tokens": 5}},
    ),
    (
        "--speculative-config.a.b 3 --speculative-config.c true",
        {"speculative_config": {"a": {"b": 3}, "c": True}},
    ),
]
REFUSED = [
    ("--port abc", "argument --port: invalid int value: 'abc'"),
    ("-tp x", "argument --tensor-parallel-size/-tp: invalid int value: 'x'"),
    ("--port", "argument --port: expected one argument"),
    ("--max-num-seqs 1k", "argument --max-num-seqs: invalid int value: '1k'"),
    ("--max-model-len 12x", "argument --max-model-len: invalid human_readable_int_or_auto value: '12x'"),
    (
        "--max-model-len 1.5K",
        "argument --max-model-len: Decimals are not allowed with binary suffixes like K. "
        "Did you mean to use 1.5k instead?",
    ),
    (
        "--gpu-memory-utilization abc",
        "argument --gpu-memory-utilization/--device-memory-utilization: invalid float value: 'abc'",
    ),
    (
        "--uvicorn-log-level loud",
        "argument --uvicorn-log-level: invalid choice: 'loud' (choose",
    ),
    (
        "--safetensors-load-strategy fast",
        "argument --safetensors-load-strategy: invalid choice: 'fast' "
        "(choose from 'eager', 'lazy', 'prefetch', 'torchao', None)",
    ),
    ("--allowed-origins x", "argument --allowed-origins: invalid loads value: 'x'"),
    (
        "--speculative-config {method:mtp}",
        "argument --speculative-config/-sc: Value {method:mtp} cannot be converted to <function loads at 0x",
    ),
    (
        "--kv-transfer-config x",
        "argument --kv-transfer-config: 1 validation error for KVTransferConfig\n"
        "  Invalid JSON: expected value at line 1 column 1 [type=json_invalid, input_value='x',",
    ),
]
UNKNOWN = ["--no-such-flag 3", "--max-model-length 2048", "extra1 extra2"]


@pytest.mark.parametrize("version", ["0.32.0", "0.33.0"])
def test_recipe_is_accepted(version: str) -> None:
    given = parse_serve(RECIPE, catalogue(version)).given
    assert given["max_model_len"] == 131_072
    assert given["speculative_config"] == {"method": "mtp", "num_speculative_tokens": 5}
    assert next(iter(given)) == "model_tag"


@pytest.mark.parametrize(("words", "given"), ACCEPTED, ids=[words for words, _ in ACCEPTED])
def test_accepted_words_mean_what_they_mean_to_the_real_one(words: str, given: dict[str, object]) -> None:
    assert parse_serve(["m", *words.split()], catalogue("0.32.0")).given == {"model_tag": "m"} | given


@pytest.mark.parametrize(("words", "text"), REFUSED, ids=[words for words, _ in REFUSED])
def test_refused_words_are_refused_in_the_real_ones_words(words: str, text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_serve(["m", *words.split()], catalogue("0.32.0"))
    head = "usage: vllm serve [model_tag] [options]\nvllm serve: error: "
    assert str(refusal.value).startswith(head + text)


@pytest.mark.parametrize("words", UNKNOWN)
def test_unknown_words_are_named_by_the_outer_command(words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_serve(["m", *words.split()], catalogue())
    assert str(refusal.value).startswith("usage: vllm [-h] [-v]\n")
    assert str(refusal.value).endswith(f"vllm: error: unrecognized arguments: {words}")


def test_repeated_flags_are_named_and_the_last_wins() -> None:
    words = "m --port 1 --port=2 --enforce-eager --enforce-eager"
    parsed = parse_serve(words.split(), catalogue())
    assert parsed.repeated == ("--port", "--enforce-eager")
    assert parsed.values["port"] == 2


def test_what_0_33_hides_it_still_accepts() -> None:
    shown = parse_serve(["m", "--disable-prefix-caching"], catalogue("0.33.0"))
    hidden = parse_serve(["m", "--no-enable-prefix-caching"], catalogue("0.33.0"))
    assert shown.given == hidden.given == {"model_tag": "m", "enable_prefix_caching": False}


def test_what_0_32_does_not_know_it_refuses() -> None:
    with pytest.raises(UsageError):
        parse_serve(["m", "--disable-prefix-caching"], catalogue("0.32.0"))
