"""Ready configurations, as data with their sources."""

from .spec import Image, Spec

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

PRESETS: dict[str, Spec] = {"glm-5-2-fp8": GLM_5_2_FP8}
