"""Rules about flags that contradict each other, the model or the engine's known traps."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from .case import Case
from .finding import Fix, Level
from .rule import Hit, Rule
from .values import human_int

# vLLM 0.32 lists them as choices; 0.33 takes any text and dies later.
KV_CACHE_DTYPES = (
    *("auto", "bfloat16", "float16", "fp8", "fp8_ds_mla", "fp8_e4m3", "fp8_e5m2", "fp8_inc"),
    *("fp8_per_token_head", "int4_per_token_head", "int8_per_token_head", "nvfp4", "nvfp4_4over6"),
    *("nvfp4_ds_mla", "turboquant_3bit_nc", "turboquant_4bit_nc", "turboquant_k3v4_nc"),
    *("turboquant_k8v4", "ultraquant_4bit"),
)
# The fields of vLLM 0.32's SpeculativeConfig that one may set.
SPECULATIVE_KEYS = (
    *("attention_backend", "code_revision", "disable_eagle_block_drop", "disable_padded_drafter_batch"),
    *("draft_load_config", "draft_sample_method", "draft_tensor_parallel_size", "dspark_draft_topk"),
    *("enable_adaptive_verification", "enforce_eager", "index_share_for_mtp_iteration", "kv_cache_dtype"),
    *("max_model_len", "method", "model", "moe_backend", "num_speculative_tokens"),
    *("num_speculative_tokens_per_batch_size", "parallel_drafting", "prompt_lookup_max"),
    *("prompt_lookup_min", "quantization", "rejection_sample_method", "revision"),
    *("suffix_decoding_max_cached_requests", "suffix_decoding_max_spec_factor"),
    *("suffix_decoding_max_tree_depth", "suffix_decoding_min_token_prob", "synthetic_acceptance_length"),
    *("synthetic_acceptance_rates", "tensor_parallel_size", "use_heterogeneous_vocab"),
    "use_local_argmax_reduction",
)
_COMPILE = ("compilation_config", "cudagraph_capture_sizes", "max_cudagraph_capture_size")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
# Methods that draft with a model of their own; the others draft from the model served, or without one.
_DRAFTED = ("eagle", "eagle3", "draft_model", "medusa", "mlp_speculator", "custom_class")
_COUNTED = ("ngram", "ngram_gpu")
_GLM = re.compile(r"(?i)glm-(4\.7|5)")
_GLM_PARSERS = {"tool_call_parser": "glm47", "reasoning_parser": "glm45"}


def _eager(case: Case) -> Iterator[Hit]:
    if not case.spec.eager:
        return
    for given in case.typed(*_COMPILE, "optimization_level"):
        if given.flag is None or (given.flag.dest == "optimization_level" and given.value == "0"):
            continue
        cause = f"{given.flag.name} tunes compilation, and eager turns compilation off."
        yield Hit("eager", cause, "Keep one of the two.", given.flag.name, case.without(given))


def _parsers(case: Case) -> Iterator[Hit]:
    known = (
        ("tool_call_parser", "--tool-call-parser", "tool_parser_plugin", case.catalogue.tool_parsers),
        (
            "reasoning_parser",
            "--reasoning-parser",
            "reasoning_parser_plugin",
            case.catalogue.reasoning_parsers,
        ),
    )
    for field, flag, plugin, names in known:
        value = getattr(case.spec, field)
        if not value or value in names or any(case.typed(plugin)):
            continue
        close = get_close_matches(value, names, n=1, cutoff=0.5)
        remedy = f"Did you mean {close[0]}?" if close else f"Choose one of {', '.join(names)}."
        fix = Fix(f"Set {field} to {close[0]}.", {field: close[0]}) if close else None
        cause = f"vLLM {case.catalogue.version} has no parser {value!r}."
        yield Hit(field, cause, remedy, flag, fix)


def _glm(case: Case) -> Iterator[Hit]:
    if not _GLM.search(case.spec.model):
        return
    for field, right in _GLM_PARSERS.items():
        value = getattr(case.spec, field)
        if value == right:
            continue
        level = Level.WARNING if value is None or value.startswith("glm") else Level.ERROR
        flag = "--" + field.replace("_", "-")
        cause = f"{case.spec.model} is read with {right}, not {value or 'no parser'}."
        fix = Fix(f"Set {field} to {right}.", {field: right})
        yield Hit(field, cause, f"Set {field} to {right}.", flag, fix, level)


def _auto_choice(case: Case) -> Iterator[Hit]:
    for given in case.typed("enable_auto_tool_choice"):
        if given.is_on and not case.spec.tool_call_parser:
            cause = "--enable-auto-tool-choice stands there without a tool parser."
            yield Hit(
                "tool_call_parser",
                cause,
                "Set tool_call_parser, or remove it.",
                "--enable-auto-tool-choice",
                case.without(given),
            )


def _ranks(case: Case) -> Iterator[Hit]:
    asked = ["tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"]
    ranks = 1
    for dest in asked:
        ranks *= case.whole(dest, 1)
    have = max(case.spec.gpu_count, 1)
    for given in case.typed(*asked):
        if _WHOLE.fullmatch(given.value) and int(given.value) < 1:
            cause = f"{given.spelled} is {given.value}. The engine would not start."
            yield Hit("extra_flags", cause, "Choose 1 or more.", given.spelled, case.without(given))
            return
    if ranks != have:
        level = Level.ERROR if ranks > have else Level.WARNING
        wrong = "The engine would not start." if ranks > have else "Idle GPUs cost as much as busy ones."
        cause = f"The flags ask for {ranks} GPUs, and there are {case.spec.gpu_count}. {wrong}"
        remedy = "Set gpu_count, and remove the flags for parallel work."
        gone = list(case.typed(*asked))
        yield Hit("gpu_count", cause, remedy, "--tensor-parallel-size", case.without(*gone), level)


def _heads(case: Case) -> Iterator[Hit]:
    heads, ranks = case.model.heads, case.whole("tensor_parallel_size", 1)
    if heads is not None and ranks > 0 and heads % ranks:
        fitting = [n for n in range(1, 9) if heads % n == 0]
        fewer = max(n for n in fitting if n <= max(ranks, 1))
        remedy = f"Choose {' or '.join(str(n) for n in fitting)} GPUs."
        cause = f"{heads} attention heads do not divide by {ranks} GPUs."
        fix = Fix(f"Set gpu_count to {fewer}.", {"gpu_count": fewer})
        yield Hit("gpu_count", cause, remedy, "--tensor-parallel-size", fix)


def _context(case: Case) -> Iterator[Hit]:
    limit, asked = case.model.context_tokens, case.spec.max_model_len
    if limit is None:
        return
    if asked is not None and asked > limit:
        fix = Fix(f"Set max_model_len to {limit}.", {"max_model_len": limit})
        cause = f"{case.spec.model} reads {limit:,} tokens at most; {asked:,} are asked for."
        yield Hit("max_model_len", cause, f"Choose {limit:,} or less.", "--max-model-len", fix)
    if asked is None and limit > 262_144:
        cause = f"Without max_model_len the cache has to hold one request of {limit:,} tokens."
        yield Hit("max_model_len", cause, "Set max_model_len.", "--max-model-len", level=Level.WARNING)


def _kv_dtype(case: Case) -> Iterator[Hit]:
    value = case.spec.kv_cache_dtype
    if value and value not in KV_CACHE_DTYPES:
        close = get_close_matches(value, KV_CACHE_DTYPES, n=1, cutoff=0.4)
        fix = Fix(f"Set kv_cache_dtype to {close[0]}.", {"kv_cache_dtype": close[0]}) if close else None
        remedy = f"Did you mean {close[0]}?" if close else "Choose auto, bfloat16, fp8 or fp8_e4m3."
        yield Hit("kv_cache_dtype", f"{value!r} is no known type of cache.", remedy, "--kv-cache-dtype", fix)


def _memory_share(case: Case) -> Iterator[Hit]:
    share = float(case.spec.gpu_memory_utilization)
    flag, field = "--gpu-memory-utilization", "gpu_memory_utilization"
    if share > 0.95:
        cause = f"{case.spec.gpu_memory_utilization} leaves almost nothing for graphs and kernels."
        yield Hit(field, cause, "Choose 0.92 or less.", flag, Fix("Set it to 0.92.", {field: "0.92"}))
    if share < 0.5:
        cause = f"{case.spec.gpu_memory_utilization} leaves most of a GPU unused that is paid for."
        yield Hit(field, cause, "Choose 0.9 or so.", flag, Fix("Set it to 0.92.", {field: "0.92"}))


def _async_ngram(case: Case) -> Iterator[Hit]:
    if (case.spec.speculative or {}).get("method") == "ngram" and case.switched("async_scheduling"):
        gone = list(case.typed("async_scheduling"))
        cause = "ngram speculation does not run with --async-scheduling."
        yield Hit(
            "extra_flags", cause, "Remove --async-scheduling.", "--async-scheduling", case.without(*gone)
        )


def speculative_keys(case: Case) -> tuple[str, ...]:
    """The keys of a speculation: of the version's catalogue, else of a version whose class was read."""
    flag = case.catalogue.flag("speculative_config")
    fields = flag.inner.fields if flag and flag.inner else None
    return tuple(name for name, one in fields.items() if not one.is_open) if fields else SPECULATIVE_KEYS


def _speculation(case: Case) -> Iterator[Hit]:
    config = case.spec.speculative
    if config is None:
        return
    flag, field = "--speculative-config", "speculative"
    known = speculative_keys(case)
    for key in (key for key in config if key.replace("-", "_") not in known):
        close = get_close_matches(key, known, n=1, cutoff=0.6)
        remedy = f"Did you mean {close[0]}?" if close else "Remove it."
        kept = {close[0] if close and name == key else name: config[name] for name in config
                if name != key or close}  # fmt: skip
        fix = Fix(remedy if not close else f"Write {close[0]}.", {field: kept})
        yield Hit(field, f"{flag} knows no {key}.", remedy, flag, fix)
    methods = case.catalogue.flag("spec_method")
    method = config.get("method")
    if methods and methods.choices and method is not None and method not in methods.choices:
        close = get_close_matches(str(method), [str(c) for c in methods.choices], n=1, cutoff=0.4)
        remedy = f"Did you mean {close[0]}?" if close else "Choose mtp, eagle3, ngram or draft_model."
        click = Fix(f"Write {close[0]}.", {field: {**config, "method": close[0]}}) if close else None
        yield Hit(field, f"{method!r} is no method of speculation.", remedy, flag, click)
    count = config.get("num_speculative_tokens")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        fix = Fix("Set it to 1.", {field: {**config, "num_speculative_tokens": 1}})
        yield Hit(field, f"num_speculative_tokens is {count!r}.", "Choose a whole number from 1.", flag, fix)


def _speculation_lacks(case: Case) -> Iterator[Hit]:
    config = case.spec.speculative
    if config is None:
        return
    flag, field = "--speculative-config", "speculative"
    method, model = config.get("method"), config.get("model")
    if not method and not model:
        cause = "The speculation names neither a method nor a model."
        yield Hit(field, cause, "Write a method, for example mtp, or turn it off.", flag)
    elif method in _DRAFTED and not model:
        yield Hit(field, f"{method} drafts with a model of its own, and none is named.", "Write model.", flag)
    elif method in _COUNTED and config.get("num_speculative_tokens") is None:
        fix = Fix("Set it to 3.", {field: {**config, "num_speculative_tokens": 3}})
        cause = f"{method} does not know how many tokens to draft."
        yield Hit(field, cause, "Set num_speculative_tokens.", flag, fix)


def _loading(case: Case) -> Iterator[Hit]:
    if case.spec.load_strategy in (None, "lazy") and (case.spec.checkpoint_gib or 0) >= 50:
        fix = Fix("Set load_strategy to prefetch.", {"load_strategy": "prefetch"})
        cause = f"{case.spec.checkpoint_gib:g} GiB are read file after file from the provider's volume."
        yield Hit("load_strategy", cause, "Choose prefetch.", "--safetensors-load-strategy", fix)


def _early_image(case: Case) -> Iterator[Hit]:
    # The panel always writes --enable-prefix-caching; a typed flag may take it back.
    mtp = "mtp" in str((case.spec.speculative or {}).get("method", ""))
    if "glm52" in case.spec.image.reference and mtp and case.switched("enable_prefix_caching"):
        cause = f"{case.spec.image.reference} is an early image with MTP and prefix caching."
        yield Hit("image", cause, "Compare answers at long contexts, or use a later image.")


def _too_few_batched(case: Case) -> Iterator[Hit]:
    for given in case.typed("max_num_batched_tokens"):
        try:
            budget = human_int(given.value)
        except ValueError:
            continue
        if budget < case.spec.max_num_seqs:
            cause = f"--max-num-batched-tokens {budget} is below max_num_seqs, {case.spec.max_num_seqs}."
            yield Hit(
                "extra_flags",
                cause,
                "Raise it, or remove it.",
                "--max-num-batched-tokens",
                case.without(given),
            )


_SEEN = "vLLM 0.32 on a CPU: the process ends"

RULES = (
    Rule(
        "eager-and-compile",
        Level.WARNING,
        "The engine would ignore it.",
        "vLLM 0.32: `Enforce eager set, disabling torch.compile, CUDAGraphs`",
        _eager,
    ),
    Rule(
        "unknown-parser",
        Level.ERROR,
        "The argument parser takes it, and the start dies minutes later.",
        "vLLM 0.32: `KeyError: 'invalid tool call parser'`",
        _parsers,
    ),
    Rule(
        "glm-parsers",
        Level.ERROR,
        "Other parsers leave reasoning or tool calls in the answer.",
        "The published GLM-5.2 recipe: glm47 for tools, glm45 for reasoning",
        _glm,
    ),
    Rule(
        "auto-tool-choice",
        Level.ERROR,
        "The engine refuses to start.",
        "vLLM 0.32, validate_parsed_serve_args",
        _auto_choice,
    ),
    Rule("gpus-and-ranks", Level.ERROR, "", "vLLM: ranks = tensor x pipeline x data", _ranks),
    Rule("heads", Level.ERROR, "The engine refuses to start.", "The model's config.json", _heads),
    Rule(
        "context-too-long", Level.ERROR, "The engine refuses to start.", "The model's config.json", _context
    ),
    Rule(
        "kv-cache-dtype",
        Level.ERROR,
        "vLLM 0.33 takes any text and fails only after loading.",
        "vLLM 0.32's list; 0.33 lists none",
        _kv_dtype,
    ),
    Rule("memory-share", Level.WARNING, "", "vLLM 0.33's default is 0.92", _memory_share),
    Rule("async-and-ngram", Level.ERROR, "The engine refuses to start.", _SEEN, _async_ngram),
    Rule(
        "speculation",
        Level.ERROR,
        "The engine refuses to start.",
        "vLLM 0.32, SpeculativeConfig",
        _speculation,
    ),
    Rule(
        "speculation-lacks",
        Level.ERROR,
        "The engine refuses to start.",
        "vLLM 0.32, SpeculativeConfig: `num_speculative_tokens was provided but without speculative model`",
        _speculation_lacks,
    ),
    Rule(
        "slow-loading",
        Level.WARNING,
        "That took over twelve minutes where prefetch took one.",
        "The published GLM-5.2 recipe; vLLM: `Auto-prefetch is disabled`",
        _loading,
    ),
    Rule(
        "early-image",
        Level.WARNING,
        "Early ones can be off by one near multiples of a cache block.",
        "Known class of vLLM issues of the sparse indexer",
        _early_image,
    ),
    Rule(
        "batched-tokens",
        Level.ERROR,
        "The engine refuses to start.",
        "vLLM, SchedulerConfig",
        _too_few_batched,
    ),
)
