"""The table of right and wrong configurations: GLM-5.2's, changed in one place each.

A wrong row: the change, the code, words of the message. Rows of PARSER are refused by the engine's own
argument parser as well; those of BEYOND only by what comes later, or by nobody.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import Spec

TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ3sT"
Row = tuple[Mapping[str, Any], str, str]


def spec(change: Mapping[str, Any], engine_version: str = "0.33.0") -> Spec:
    """GLM-5.2's spec with a change; `image` changes settings of the image."""
    changes = {"engine_version": engine_version} | dict(change)
    if "image" in changes:
        changes["image"] = replace(GLM_5_2_FP8.image, **changes["image"])
    return replace(GLM_5_2_FP8, **changes)


def extra(*flags: str, **more: Any) -> dict[str, Any]:
    """The change that types these flags."""
    return {"extra_flags": flags} | more


PARSER: list[Row] = [
    (extra("--max-num-seqz", "3"), "misspelt", "--max-num-seqs"),
    (extra("--enable-chunked-prefil-x"), "misspelt", "--enable-chunked-prefill"),
    (extra("--max-num-bached-tokens=8192"), "misspelt", "--max-num-batched-tokens"),
    (extra("--no-prefix-caching"), "misspelt", "--enable-prefix-caching"),
    (extra("--warp-drive"), "unknown-flag", "--warp-drive"),
    (extra("--warp-factor.level", "3"), "unknown-flag", "--warp-factor"),
    (extra("-zz", "1"), "unknown-flag", "-zz"),
    (extra("-tp8"), "unknown-flag", "-tp8"),
    (extra("-O", "9"), "unknown-flag", "-O"),
    (extra("--max-num", "3"), "ambiguous", "--max-num-batched-tokens"),
    (extra("--max-num-s", "3"), "ambiguous", "--max-num-scheduled-tokens"),
    (extra("hello"), "stray", "belongs to no flag"),
    (extra("--enable-log-requests", "true"), "stray", "'true'"),
    (extra("--block-size"), "missing-value", "--block-size"),
    (extra("--block-size", "--seed", "3"), "missing-value", "--block-size"),
    (extra("--block-size", "many"), "wrong-type", "a whole number"),
    (extra("--block-size=16.5"), "wrong-type", "16.5"),
    (extra("--watermark", "ninety"), "wrong-type", "a number"),
    (extra("--max-num-batched-tokens", "8 thousand"), "wrong-type", "131072 or 128K"),
    (extra("--kv-cache-memory-bytes", "1.5G"), "wrong-type", "--kv-cache-memory-bytes"),
    (extra("--hf-overrides", "{bad}"), "wrong-type", "JSON"),
    (extra("--default-chat-template-kwargs", "thinking"), "wrong-type", "JSON"),
    (extra("--eplb-config", "[1]"), "wrong-type", "a JSON object"),
    (extra("--compilation-config", "3x"), "wrong-type", "a JSON object"),
    (extra("--compilation-config.level", "3"), "unknown-key", "level"),
    (extra("--compilation_config.levle", "3"), "unknown-key", "levle"),
    (extra("--eplb-config", '{"windows":1}'), "unknown-key", "windows"),
    (extra("--structured-outputs-config.back", "x"), "unknown-key", "backend"),
    (extra("--block-size.x", "3"), "no-parts", "--block-size"),
    (extra("--dtype", "fp8"), "wrong-choice", "bfloat16"),
    (extra("--max-lora-rank", "7"), "wrong-choice", "512"),
    (extra("--scheduling-policy=lifo"), "wrong-choice", "fcfs"),
    (extra("--moe-backend", "magic"), "wrong-choice", "deep_gemm"),
    ({"load_strategy": "prefech"}, "wrong-choice", "prefetch"),
    (extra("--enable-log-requests=true"), "takes-no-value", "--enable-log-requests"),
    (extra("--compilation-config", "null"), "wrong-type", "a JSON object"),
    (extra("--help"), "no-server", "ends it"),
    (extra("-h"), "no-server", "ends it"),
    ({"model": "-x"}, "model-is-flag", "read as a flag"),
    ({"model": "--seed"}, "model-is-flag", "read as a flag"),
    ({"served_name": "-x"}, "missing-value", "--served-model-name"),
    (extra("--block-size", "0x10"), "wrong-type", "0x10"),
    (extra("--watermark", "-0.5"), "dashed-value", "--watermark=-0.5"),
    (extra("--lora-modules", "x"), "wrong-type", "name=path"),
    (extra("--lora-modules", "a=b", '{"name":"a"}'), "wrong-type", "name and path"),
]

BEYOND: list[Row] = [
    ({"engine": "sglang"}, "engine", "no engine"),
    ({"model": " zai-org/GLM-5.2-FP8"}, "model-name", "no name of a model"),
    ({"app_name": "my app"}, "provider-name", "no name at the provider"),
    ({"secrets": ("vllm-api-key", "a b")}, "provider-name", "'a b'"),
    ({"volumes": {"/root/.cache/huggingface": ""}}, "provider-name", "''"),
    ({"volumes": {"cache": "cache"}}, "mount", "'cache'"),
    ({"volumes": {"/root/": "cache"}}, "mount", "'/root/'"),
    ({"volumes": {"/root/../x": "cache"}}, "mount", "No volume can be kept"),
    ({"volumes": {"/a": "cache", "/b": "cache"}}, "volume-twice", "two places"),
    ({"environment": {"A=B": "x"}}, "variable", "no name of a variable"),
    ({"environment": {"PILOTLIGHT_SPEC": "{}"}}, "variable", "panel's"),
    ({"gpu_type": "H2000"}, "gpu-known", "H200"),
    ({"gpu_type": "A10"}, "gpu-known", "4 are the most"),
    ({"image": {"setup_commands": ("rm typing_extensions.py",)}}, "image-step", "RUN"),
    ({"gpu_snapshot": True}, "gpu-snapshot", "experiment"),
    (extra("--max-num-seqs", "64"), "repeats-setting", "max_num_seqs"),
    (extra("--max_model_len=4096"), "repeats-setting", "max_model_len"),
    (extra("--no-enforce-eager"), "repeats-setting", "eager"),
    (extra("--speculative-config.method", "mtp"), "repeats-setting", "speculative"),
    (extra("--gpu-memory-utiliz", "0.5"), "abbreviated", "--gpu-memory-utilization"),
    (extra("--seed", "1", "--seed", "2"), "repeated", "twice"),
    (extra("--enable-prefix-caching"), "repeated", "already"),
    (extra("--no-async-scheduling"), "overrides-panel", "--async-scheduling"),
    (extra("--log-config-file", "x"), "deprecated", "--log-config-file"),
    (extra("--max-num-batched-tokens", "8k"), "decimal-suffix", "8,192"),
    (extra("--api-key", "abc"), "key-in-argv", "process lists"),
    (extra("--api_key=abc"), "key-in-argv", "--api-key"),
    (extra("--hf-token", TOKEN), "key-in-argv", "--hf-token"),
    (extra("--host", "127.0.0.1"), "address", "--host"),
    (extra("--port=9000"), "address", "--port"),
    (extra("--uds", "/tmp/x"), "address", "--uds"),
    (extra("--headless"), "no-http", "never become ready"),
    (extra("--ssl-keyfile", "k.pem"), "tls", "plain HTTP"),
    ({"environment": {"VLLM_SERVER_DEV_MODE": "1"}}, "dev-mode", "without a key"),
    (extra("--enable-sleep-mode"), "sleep-mode", "development mode"),
    (extra("--middleware", "mine.Spy"), "loads-code", "--middleware"),
    (extra("--tool-parser-plugin", "x.py"), "loads-code", "runs code"),
    (extra("--trust-request-chat-template"), "request-chooses", "lets a request choose"),
    ({"environment": {"MY_API_KEY": "x"}}, "plain-secret", "MY_API_KEY"),
    ({"environment": {"NOTE": TOKEN}}, "plain-secret", "NOTE"),
    ({"image": {"environment": {"WANDB": TOKEN}}}, "plain-secret", "WANDB"),
    (
        {"image": {"setup_commands": (f"RUN login {TOKEN}", "RUN rm typing_extensions.py")}},
        "plain-secret",
        "step",
    ),
    ({"secrets": ("huggingface",)}, "no-engine-key", "vllm-api-key"),
    (extra("--compilation-config.mode", "3"), "eager-and-compile", "eager"),
    (extra("-O3"), "eager-and-compile", "--optimization-level"),
    ({"tool_call_parser": "glm99"}, "unknown-parser", "Did you mean glm4"),
    ({"reasoning_parser": "gml45"}, "unknown-parser", "glm45"),
    ({"tool_call_parser": "hermes"}, "glm-parsers", "glm47"),
    ({"reasoning_parser": "glm47"}, "glm-parsers", "glm45"),
    ({"reasoning_parser": None}, "glm-parsers", "no parser"),
    ({"environment": {"DB_PASS": "x"}}, "plain-secret", "DB_PASS"),
    ({"environment": {"MYAPIKEY": "x"}}, "plain-secret", "MYAPIKEY"),
    (
        {"image": {"setup_commands": ("RUN export X_TOKEN=abc && rm typing_extensions.py",)}},
        "plain-secret",
        "step",
    ),
    (extra("--pipeline-parallel-size", "0"), "gpus-and-ranks", "would not start"),
    ({"gpu_count": 6}, "heads", "64 attention heads"),
    (extra("--pipeline-parallel-size", "2"), "gpus-and-ranks", "16 GPUs"),
    ({"max_model_len": 2_000_000}, "context-too-long", "1,048,576"),
    ({"max_model_len": None}, "context-too-long", "Without max_model_len"),
    ({"kv_cache_dtype": "fp9"}, "kv-cache-dtype", "fp8"),
    ({"gpu_memory_utilization": "0.99"}, "memory-share", "0.99"),
    ({"gpu_memory_utilization": "0.2"}, "memory-share", "unused"),
    (extra("--async-scheduling", speculative={"method": "ngram"}), "async-and-ngram", "ngram"),
    ({"speculative": {"method": "mpt"}}, "speculation", "mtp"),
    ({"speculative": {"method": "mtp", "num_speculative_token": 5}}, "speculation", "num_speculative_tokens"),
    ({"speculative": {"method": "mtp", "num_speculative_tokens": 0}}, "speculation", "whole number"),
    ({"speculative": {"num_speculative_tokens": 3}}, "speculation-lacks", "neither a method nor a model"),
    ({"speculative": {"method": "eagle3", "num_speculative_tokens": 3}}, "speculation-lacks", "model"),
    ({"speculative": {"method": "draft_model"}}, "speculation-lacks", "Write model"),
    ({"speculative": {"method": "ngram"}}, "speculation-lacks", "how many"),
    ({"load_strategy": None}, "slow-loading", "prefetch"),
    (extra("--max-num-batched-tokens", "16"), "batched-tokens", "max_num_seqs"),
    ({"max_inputs": 16}, "inputs-and-sequences", "40"),
    ({"max_inputs": 32}, "inputs-and-sequences", "no room"),
    ({"startup_timeout_s": 120}, "startup-limit", "120 s"),
    ({"idle_window_s": 7200}, "idle-window", "2 to 3600"),
    ({"idle_window_s": 30}, "idle-window", "short"),
    ({"request_timeout_s": 120}, "request-limit", "86400"),
    (extra("--disable-log-stats"), "silences-panel", "the panel reads"),
    ({"environment": {"VLLM_LOGGING_LEVEL": "ERROR"}}, "silences-panel", "VLLM_LOGGING_LEVEL"),
    ({"environment": {"VLLM_CPU_KVCACHE_SPACE": "1.5"}}, "cpu-cache", "GiB"),
    ({"image": {"reference": "vllm/vllm-openai:latest"}}, "unpinned-image", "no version"),
    ({"image": {"reference": "vllm/vllm-openai:v0.31.0"}}, "image-version", "0.31.0"),
    ({"image": {"setup_commands": ()}}, "shadowed-module", "typing_extensions"),
    ({"volumes": {}}, "no-volume", "/root/.cache/huggingface"),
    ({"region": "us-east"}, "pinned-region", "1.75"),
    ({"gpu_type": "H200:8"}, "gpu-type", "gpu_count"),
    ({"gpu_count": 4}, "memory", "more than each GPU may use"),
    ({"max_model_len": 1_048_576}, "memory", "tokens needs"),
    ({}, "early-image", "cache block"),
    ({}, "unpinned-code", "revision"),
    (extra("-cc.mode", "99", eager=False), "inner-unchecked", "values of its keys"),
]

_STEPS = (
    "# typing_extensions",
    "RUN rm -f x \\",
    "    && echo done",
    "env A=b",
    'RUN X_TOKEN="$TOKEN" ./fetch --token=$TOKEN',
    "RUN <<EOF",
    "echo 1",
    "EOF",
)

# No error is found in any of these, and the parser takes them.
RIGHT: list[Mapping[str, Any]] = [
    {},
    {"image": {"setup_commands": _STEPS}, "gpu_type": "h200!", "volumes": {"/cache/": "my_cache.v2"}},
    {"eager": False, "speculative": None, "load_strategy": None},
    {"kv_cache_dtype": None, "tool_call_parser": None, "reasoning_parser": None},
    {"kv_cache_dtype": "fp8_e4m3", "max_model_len": 262_144, "gpu_memory_utilization": "0.9"},
    {"speculative": {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 4}},
    {"gpu_count": 8, "revision": "main"},
    extra("--max_num_batched_tokens", "16384"),
    extra("--max-num-batched-tokens=16K", "--seed", "-1"),
    extra("-O0", "--no-enable-log-requests", "--block-size", "64"),
    extra("--moe-backend", "deep-gemm", "--dtype", "bfloat16", "-q", "fp8"),
    extra("--compilation-config.mode", "3", "--compilation_config.cudagraph_mode", "NONE", eager=False),
    extra("--compilation-config", '{"mode":3}', eager=False),
    extra("-cc.mode=3", "--cudagraph-capture-sizes", "1", "2", "4", eager=False),
    extra(
        "--hf-overrides", '{"rope_theta":1}', "--default-chat-template-kwargs", '{"enable_thinking":false}'
    ),
    extra("--hf-overrides.rope_theta", "2", "--max-lora-rank", "64", "--enable-lora"),
    extra("--default-chat-template-kwargs.enable_thinking", "false", "--kv-cache-memory-bytes", "20G"),
    extra("--scheduling-policy=priority", "--watermark", "0.01", "--disable-uvicorn-access-log")
    | {"engine_version": "0.33.0"},
    extra("--lora-modules", "a=b", '{"name":"c","path":"d"}', "--enable-lora"),
    extra("--structured-outputs-config.backend", "xgrammar", "--stream-interval", "2"),
]
