"""Ready configurations, as data with their sources."""

from dataclasses import dataclass, replace

from .spec import Image, Spec


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready configuration: what it is called, what it is for, and where its values are known from."""

    slug: str
    title: str
    words: str
    spec: Spec
    sources: tuple[str, ...]


# The published GLM-5.2 case study with its defects repaired. What was changed and why is listed in
# docs/adr (the deployed module) and in docs/architecture.md. Sources of single values:
# - H200:8, 131,072 tokens, 32 sequences, 0.92, fp8 cache, MTP with 5 tokens, parsers, prefetch, eager:
#   the case study. 703.74 GiB: the size vLLM prints for the FP8 checkpoint.
# - max_inputs 40 = 32 sequences + 8 for health, warm-up and waiting: without @modal.concurrent a container
#   takes one request at a time.
# - the flashinfer volume: its first build took 87 s on an H200 with an empty cache.
# - cold start 275 s: the case study's "about 4.5 minutes"; download 1200 s: its arithmetic.
# - no CPU or memory is requested, as in the case study; 8 cores and 96 GiB are what a run is priced with
#   until the provider's report says better.
GLM_5_2_FP8 = Spec(
    app_name="glm5-2-inference",
    model="zai-org/GLM-5.2-FP8",
    served_name="glm-5.2-fp8",
    checkpoint_gib=703.74,
    image=Image(
        reference="vllm/vllm-openai:glm52-cu129",
        setup_commands=(
            "RUN ln -sf $(which python3) /usr/local/bin/python",
            "RUN rm -f /usr/local/lib/python3*/dist-packages/typing_extensions.py"
            " /usr/lib/python3*/dist-packages/typing_extensions.py",
        ),
        pip=("aiohttp", "typing-extensions>=4.15.0"),
        environment={"HF_XET_HIGH_PERFORMANCE": "1", "VLLM_LOG_STATS_INTERVAL": "1"},
    ),
    gpu_type="H200",
    gpu_count=8,
    expected_cpu_cores=8.0,
    expected_memory_gib=96.0,
    max_model_len=131072,
    max_num_seqs=32,
    gpu_memory_utilization="0.92",
    kv_cache_dtype="fp8",
    speculative={"method": "mtp", "num_speculative_tokens": 5},
    tool_call_parser="glm47",
    reasoning_parser="glm45",
    eager=True,
    trust_remote_code=True,
    volumes={
        "/root/.cache/huggingface": "huggingface-cache",
        "/root/.cache/vllm": "vllm-cache",
        "/root/.cache/flashinfer": "flashinfer-cache",
    },
)

# The same server with compiled graphs: more tokens per second for a boot of over twenty minutes, as the
# case study saw it with an empty cache. 1500 s is that figure with room, until own starts say better; the
# limit of 5400 s is for a first start that takes far longer.
GLM_5_2_FP8_THROUGHPUT = replace(
    GLM_5_2_FP8, app_name="glm5-2-throughput", eager=False, expected_boot_s=1500.0, startup_timeout_s=5400
)

# The same server for one long text at a time. Others measured 25.94 GiB left for the cache on each GPU, and
# 131,072 tokens with MTP take 6.68 of them: three times that is 20.04 GiB, which fits even if the estimate
# is off by the 3 % of the weights that it may be. A million tokens do not fit.
GLM_5_2_FP8_LONG = replace(
    GLM_5_2_FP8, app_name="glm5-2-long", max_model_len=393_216, max_num_seqs=8, max_inputs=16
)

# The engine's own default model on one GPU of a known price. Sizes of boot and download are guesses on the
# safe side until the first start has shown better.
QWEN3_0_6B = Spec(
    app_name="qwen3-0-6b",
    model="Qwen/Qwen3-0.6B",
    served_name="qwen3-0.6b",
    image=Image(
        reference="vllm/vllm-openai:v0.33.0",
        setup_commands=("RUN ln -sf $(which python3) /usr/local/bin/python",),
        pip=("aiohttp",),
        environment={"VLLM_LOG_STATS_INTERVAL": "1"},
    ),
    gpu_type="H100",
    gpu_count=1,
    max_model_len=8192,
    max_num_seqs=8,
    gpu_memory_utilization="0.92",
    reasoning_parser="qwen3",
    load_strategy=None,
    eager=True,
    volumes=GLM_5_2_FP8.volumes,
    idle_window_s=120,
    startup_timeout_s=900,
    max_inputs=16,
    expected_boot_s=180.0,
    expected_download_s=120.0,
)

_RECIPE = "The published GLM-5.2 case study on Modal with vLLM"
_PRICES = "Modal's public price list, mid 2026"

PRESETS_BY_SLUG: dict[str, Preset] = {
    preset.slug: preset
    for preset in (
        Preset(
            "glm-5-2-fp8",
            "GLM-5.2 FP8",
            "The recipe with its defects repaired: eight H200, ready in about five minutes.",
            GLM_5_2_FP8,
            (_RECIPE, "vLLM's log: checkpoint size 703.74 GiB", "Modal 1.6.4, web_server and concurrent"),
        ),
        Preset(
            "glm-5-2-fp8-throughput",
            "GLM-5.2 FP8, with graphs",
            "More tokens per second for long sessions; the first start compiles for over twenty minutes.",
            GLM_5_2_FP8_THROUGHPUT,
            (
                _RECIPE + ": over 20 minutes without eager mode",
                "vLLM's recipe for GLM-5.2, without eager mode",
            ),
        ),
        Preset(
            "glm-5-2-fp8-long",
            "GLM-5.2 FP8, long context",
            "Three times the recipe’s context, 393,216 tokens, for one such request at a time.",
            GLM_5_2_FP8_LONG,
            (
                _RECIPE,
                "Measured by others on 8 x H200: 25.94 GiB for the cache at 0.92, about 516 thousand tokens",
                "Bytes of a token of GLM-5.2, as published: 54,728 with fp8 and MTP on Hopper",
            ),
        ),
        Preset(
            "qwen3-0-6b",
            "Qwen3 0.6B, to try an account",
            "The smallest way to see a real account work: one H100, under a dollar for ten minutes.",
            QWEN3_0_6B,
            ("vLLM 0.33's default for --model", "vLLM 0.33's list of reasoning parsers", _PRICES + ": H100"),
        ),
    )
}

# The specs alone, by slug.
PRESETS: dict[str, Spec] = {slug: preset.spec for slug, preset in PRESETS_BY_SLUG.items()}
