"""The boot of the real engine, as GLM on eight H200 shows it: which lines, in which order, and when.

Order and texts are those of recorded starts; the durations are the published recipe's (about a minute
of weights, the rest of 4.5 minutes for imports, configuration, profiling and DeepGEMM's warm-up).
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.engine.boot_weights import check_model, refuse, share_of, weight_steps
from sandbox.engine.catalogue import Catalogue
from sandbox.engine.console import API, CORE, WORKER, Console
from sandbox.engine.settings import KV_CACHE_GIB, KV_CACHE_TOKENS, Settings
from sandbox.engine.timeline import Step, progress, say

EAGER_TEXT = (
    "Enforce eager set, disabling torch.compile, CUDAGraphs, and JIT kernel warmup. This is equivalent to "
    "setting -cc.mode=none -cc.cudagraph_mode=none and --kernel_config.enable_jit_warmup=False"
)
# The recipe tells of over 20 minutes where nothing says --enforce-eager.
DYNAMO_S, COMPILE_S, GRAPHS_S = 96.0, 1064.0, 74.0
WARMUP_S = 62.0
PROFILE_S = 31.0


def boot_steps(settings: Settings, catalogue: Catalogue, given: dict[str, object]) -> Iterator[Step]:
    """All lines before the server's own. Steps raise BootFailure as they are run."""
    yield from _banner(settings, given)
    problem = check_configuration(settings, catalogue)
    if problem is not None:
        yield Step("start", 2.0, lambda console: _give_up(console, problem))
    yield from _configuration(settings)
    yield from _engine_start(settings)
    yield from weight_steps(settings)
    yield from _model_loaded(settings)
    if not settings.eager:
        yield from _compile(settings)
    yield from _cache(settings)
    yield from _warmup(settings)
    yield from _last_words(settings)


def _banner(settings: Settings, given: dict[str, object]) -> Iterator[Step]:
    art = [
        "",
        "       █     █     █▄   ▄█",
        f" ▄▄ ▄█ █     █     █ ▀▄▀ █  version {settings.version}",
        f"  █▄█▀ █     █     █     █  model   {settings.model}",
        "   ▀▀  ▀▀▀▀▀ ▀▀▀▀▀ ▀     ▀",
        "",
    ]
    yield say("start", 14.0, API, "api_utils.py:347", "\n".join(art))
    yield say("start", 0.1, API, "api_utils.py:286", f"non-default args: {_shown(settings, given)}")


def _give_up(console: Console, problem: str) -> None:
    raise refuse(console, problem)


def _shown(settings: Settings, given: dict[str, object]) -> dict[str, object]:
    shown = dict(given)
    shown.setdefault("model", settings.model)
    if "api_key" in shown:
        shown["api_key"] = "***"
    return shown


def _configuration(settings: Settings) -> Iterator[Step]:
    glm = "glm" in settings.model.lower()
    architecture = "GlmMoeDsaForCausalLM" if glm else "LlamaForCausalLM"
    yield say("start", 6.0, API, "model.py:733", f"Resolved architecture: {architecture}")
    yield say("start", 0.0, API, "model.py:2152", f"Using max model len {settings.max_model_len}")
    if settings.kv_cache_dtype != "auto":
        yield say("start", 0.3, API, "cache.py:285", _cache_type_text(settings.kv_cache_dtype))
    if settings.draft_method == "mtp":
        yield from _draft_configuration(settings)
    batch = "Chunked prefill is enabled with max_num_batched_tokens=8192."
    yield say("start", 0.1, API, "scheduler.py:252", batch)
    yield say("start", 0.0, API, "vllm.py:1109", "Asynchronous scheduling is enabled.")
    if settings.eager:
        yield say("start", 0.0, API, "vllm.py:1703", EAGER_TEXT, "WARNING")
        yield say("start", 0.0, API, "vllm.py:1392", "Cudagraph is disabled under eager mode")


def _cache_type_text(cache_type: str) -> str:
    return (
        f"Using {cache_type} data type to store kv cache. It reduces the GPU memory footprint and boosts the "
        "performance. Meanwhile, it may cause accuracy drop without a proper scaling factor"
    )


def _draft_configuration(settings: Settings) -> Iterator[Step]:
    yield say("start", 3.0, API, "model.py:733", "Resolved architecture: DeepSeekMTPModel")
    yield say("start", 0.0, API, "model.py:2152", "Using max model len 1048576")
    if settings.draft_tokens > 1:
        text = (
            "Enabling num_speculative_tokens > 1 will run multiple times of forward on same MTP layer,"
            "which may result in lower acceptance rate"
        )
        yield say("start", 0.0, API, "speculative.py:1381", text, "WARNING")
    text = f"Overriding draft model max model len from 1048576 to {settings.max_model_len}"
    yield say("start", 0.0, API, "speculative.py:1669", text)


def _engine_start(settings: Settings) -> Iterator[Step]:
    config = (
        f"Initializing a V1 LLM engine (v{settings.version}) with config: model='{settings.model}', "
        f"speculative_config={_speculation(settings)}, tokenizer='{settings.model}', dtype=torch.bfloat16, "
        f"max_seq_len={settings.max_model_len}, tensor_parallel_size={settings.tensor_parallel}, "
        f"enforce_eager={settings.eager}, kv_cache_dtype={settings.kv_cache_dtype}, "
        f"served_model_name={settings.served_names[0]}, enable_prefix_caching={settings.prefix_caching}"
    )
    yield say("start", 9.0, CORE, "core.py:133", config)
    for rank in range(settings.tensor_parallel):
        text = (
            f"world_size={settings.tensor_parallel} rank={rank} local_rank={rank} "
            "distributed_init_method=tcp://127.0.0.1:35913 backend=nccl"
        )
        yield say("start", 7.0 if rank == 0 else 0.0, f"Worker_TP{rank}", "parallel_state.py:1906", text)
    if settings.draft_tokens:
        text = "min_p and logit_bias parameters won't work with speculative decoding."
        yield say("start", 2.0, WORKER, "__init__.py:211", text, "WARNING")
    text = f"Starting to load model {settings.model}..."
    yield say("weights", 0.5, WORKER, "gpu_model_runner.py:5250", text)
    text = "Using FLASHMLA_SPARSE attention backend out of potential backends: ['FLASHMLA_SPARSE']."
    yield say("weights", 1.0, WORKER, "cuda.py:482", text)


def _speculation(settings: Settings) -> str:
    if not settings.draft_tokens:
        return "None"
    return (
        f"SpeculativeConfig(method='{settings.draft_method}', model='{settings.model}', "
        f"num_spec_tokens={settings.draft_tokens})"
    )


def _model_loaded(settings: Settings) -> Iterator[Step]:
    if settings.draft_tokens:
        yield say("weights", 0.5, WORKER, "gpu_model_runner.py:5274", "Loading drafter model...")
        for what in ("embedding", "lm_head"):
            text = f"Detected MTP model. Sharing target model {what} weights with the draft model."
            yield say("weights", 2.0, WORKER, "llm_base_proposer.py:1475", text)
    text = "Model loading took 94.46 GiB memory and 68.934172 seconds"
    yield say("weights", 1.5, WORKER, "gpu_model_runner.py:5347", text)


def _compile(settings: Settings) -> Iterator[Step]:
    cache = "/root/.cache/vllm/torch_compile_cache/5f0c1d8e2a/rank_0_0/backbone"
    text = f"Using cache directory: {cache} for vLLM's torch.compile"
    yield say("compile", 4.0, WORKER, "backends.py:1094", text)
    text = f"Dynamo bytecode transform time: {DYNAMO_S:.2f} s"
    yield say("compile", DYNAMO_S, WORKER, "backends.py:1155", text)
    text = f"Compiling a graph for compile range (1, 8192) takes {COMPILE_S:.2f} s"
    yield say("compile", COMPILE_S, WORKER, "backends.py:393", text)
    text = f"torch.compile took {DYNAMO_S + COMPILE_S:.2f} s in total"
    yield say("compile", 1.0, WORKER, "monitor.py:53", text)


def _cache(settings: Settings) -> Iterator[Step]:
    text = (
        "Using default MoE config. Performance might be sub-optimal! Config file not found at "
        "/usr/local/lib/python3.12/dist-packages/vllm/model_executor/layers/fused_moe/configs/"
        "E=256,N=256,device_name=NVIDIA_H200,dtype=fp8_w8a8,block_shape=[128,128].json"
    )
    yield say("cache", PROFILE_S * share_of(settings.model), WORKER, "fused_moe.py:1107", text, "WARNING")
    text = f"Available KV cache memory: {KV_CACHE_GIB:.2f} GiB"
    yield say("cache", 8.0, WORKER, "gpu_worker.py:560", text)
    if settings.max_model_len > KV_CACHE_TOKENS:
        yield Step("cache", 0.1, lambda console: _cache_too_small(console, settings))
    times = KV_CACHE_TOKENS / settings.max_model_len
    text = (
        f"GPU KV cache size: {KV_CACHE_TOKENS:,} tokens, "
        f"Maximum concurrency for {settings.max_model_len:,} tokens per request: {times:.2f}x"
    )
    yield say("cache", 0.1, CORE, "kv_cache_utils.py:2327", text)


def _cache_too_small(console: Console, settings: Settings) -> None:
    needed_gib = settings.max_model_len * KV_CACHE_GIB / KV_CACHE_TOKENS
    text = (
        "ValueError: To serve at least one request with the model's max seq len "
        f"({settings.max_model_len}), ({needed_gib:.2f} GiB KV cache is needed, which is larger than the "
        f"available KV cache memory ({KV_CACHE_GIB} GiB). Based on the available memory, the estimated "
        f"maximum model length is {KV_CACHE_TOKENS}. Try increasing `gpu_memory_utilization` or decreasing "
        "`max_model_len` when initializing the engine."
    )
    console.line(CORE, "core.py:1510", "EngineCore failed to start.", "ERROR")
    console.line(CORE, "core.py:1510", text, "ERROR")
    raise refuse(
        console,
        "RuntimeError: Engine core initialization failed. See root cause above. "
        "Failed core proc(s): {'EngineCore': 1}",
    )


def _warmup(settings: Settings) -> Iterator[Step]:
    seconds = WARMUP_S * share_of(settings.model)
    yield from progress("warmup", WORKER, "DeepGEMM warmup", total=2161, seconds=seconds, states=40)
    if not settings.eager:
        for mode, total in (("mixed prefill-decode, PIECEWISE", 11), ("decode, FULL", 7)):
            label = f"Capturing CUDA graphs ({mode})"
            yield from progress("warmup", WORKER, label, total=total, seconds=GRAPHS_S / 2, states=total)
        text = f"Graph capturing finished in {GRAPHS_S:.0f} secs, took 1.87 GiB"
        yield say("warmup", 0.2, WORKER, "gpu_model_runner.py:6120", text)
    text = "Kernel JIT monitor activated; monitored JIT compilations during inference will use mode=warn."
    yield say("warmup", 4.0, WORKER, "jit_monitor.py:79", text)
    yield say("warmup", 0.5, CORE, "core.py:402", _engine_took(settings))


def _engine_took(settings: Settings) -> str:
    seconds = (PROFILE_S + WARMUP_S) * share_of(settings.model) + 8 + 5
    head = "init engine (profile, create kv cache, warmup model) took"
    if settings.eager:
        return f"{head} {seconds:.2f} s"
    compile_s = DYNAMO_S + COMPILE_S
    return f"{head} {seconds + compile_s + GRAPHS_S:.2f} s (compilation: {compile_s:.2f} s)"


def _last_words(settings: Settings) -> Iterator[Step]:
    yield say("warmup", 4.0, API, "entry.py:136", "Supported tasks: ['generate']")
    if settings.auto_tools:
        yield say("warmup", 0.1, API, "parser_manager.py:38", '"auto" tool choice has been enabled.')
    address = f"http://{settings.host}:{settings.port}"
    yield say("warmup", 1.0, API, "entry.py:140", f"Starting vLLM server on {address}")


def check_configuration(settings: Settings, catalogue: Catalogue) -> str | None:
    """What the real one dies of once its parser is content, in its words; None where it goes on."""
    tool, reasoning = settings.tool_parser, settings.reasoning_parser
    if settings.auto_tools and not tool:
        return "TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser"
    if settings.auto_tools and tool not in catalogue.tool_parsers:
        names = ",".join(catalogue.tool_parsers)
        return f"KeyError: 'invalid tool call parser: {tool} (chose from {{ {names} }})'"
    if reasoning and reasoning not in catalogue.reasoning_parsers:
        names = ", ".join(catalogue.reasoning_parsers)
        return f"KeyError: \"Reasoning parser '{reasoning}' not found. Available parsers: {names}\""
    return check_model(settings)
