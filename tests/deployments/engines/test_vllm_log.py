"""Reading vLLM's log: against recorded logs of 0.26 (CUDA) and 0.32 (CPU), and line by line."""

from pathlib import Path

import pytest

from deployments.engines.base import (
    BootPhase,
    DeathFact,
    ExceptionFact,
    MemoryFact,
    PhaseFact,
    SpeculationFact,
    TrafficFact,
)
from deployments.engines.registry import engine_for

SAMPLES = Path(__file__).parent / "samples"
EAGER = ["weights", "warmup", "server", "ready"]
COMPILED = ["weights", "compile", "warmup", "server", "ready"]
read = engine_for("vllm").read


def facts_of(stem):
    text = (SAMPLES / f"{stem}.log").read_bytes().decode(errors="replace")
    return [fact for line in text.split("\n") for fact in read(line)]


def phases_of(facts):
    """The phases in the order of their first lines, each change once."""
    names = [fact.phase.value for fact in facts if isinstance(fact, PhaseFact)]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


def deaths_of(facts):
    return [fact for fact in facts if isinstance(fact, DeathFact)]


@pytest.mark.parametrize(
    ("stem", "phases"),
    [
        ("cuda-0.26.0-tiny-llama-eager", EAGER),
        ("cuda-0.26.0-tiny-llama-compile-cold", COMPILED),
        ("cuda-0.26.0-tiny-llama-compile-warm", COMPILED),
        ("cuda-0.26.0-mid-llama-4shards-compile-cold", COMPILED),
        ("cuda-0.26.0-mid-llama-4shards-compile-warm", COMPILED),
        ("cuda-0.26.0-glm-dsa-recipe-eager-killed-in-deepgemm-warmup", ["weights", "warmup"]),
        ("cpu-0.32.0-startup-eager", EAGER),
        ("cpu-0.32.0-startup-ngram-spec-devmode", EAGER),
    ],
)
def test_a_healthy_log_goes_through_its_phases_once_and_dies_nowhere(stem, phases):
    facts = facts_of(stem)
    assert phases_of(facts) == phases
    assert deaths_of(facts) == []


@pytest.mark.parametrize("stem", ["cpu-0.32.0-startup-glm4moe-mtp", "cpu-0.32.0-engine-died"])
def test_an_engine_lost_after_ready_is_told_without_inventing_a_cause(stem):
    facts = facts_of(stem)
    ready = facts.index(next(f for f in facts if isinstance(f, PhaseFact) and f.phase is BootPhase.READY))
    deaths = deaths_of(facts)
    assert [death.root for death in deaths] == [False]
    assert "engine core exited unexpectedly" in deaths[0].text
    assert facts.index(deaths[0]) > ready


@pytest.mark.parametrize(
    ("stem", "cause"),
    [
        ("cuda-0.26.0-fail-unknown-flag", "vllm: error: unrecognized arguments: --max-model-length"),
        ("cuda-0.26.0-fail-bad-spec-json", "vllm serve: error: argument --speculative-config"),
        ("cuda-0.26.0-fail-wrong-tool-parser", "KeyError: 'invalid tool call parser: glm99"),
        ("cuda-0.26.0-fail-wrong-reasoning-parser", "KeyError: \"Reasoning parser 'glm99' not found"),
        ("cuda-0.26.0-fail-port-in-use", "OSError: [Errno 98] Address already in use"),
        ("cuda-0.26.0-fail-missing-model-path", "huggingface_hub.errors.HFValidationError"),
        ("cuda-0.26.0-fail-missing-model-hub-offline", "huggingface_hub.errors.LocalEntryNotFoundError"),
        ("cuda-0.26.0-fail-missing-model-no-network", "huggingface_hub.errors.LocalEntryNotFoundError"),
        ("cuda-0.26.0-fail-max-len-over-model", "Value error, User-specified max_model_len (131072)"),
        ("cuda-0.26.0-fail-tp2-on-one-gpu", "Value error, World size (2) is larger"),
        ("cuda-0.26.0-fail-spec-mtp-unsupported", "NotImplementedError: Unsupported speculative method"),
        ("cuda-0.26.0-fail-no-gpu-visible", "AssertionError: DP adjusted local rank 0 is out of bounds"),
        ("cpu-0.32.0-fail-async-ngram", "Value error, Currently, async scheduling is only supported"),
        ("cpu-0.32.0-fail-kv-too-small", "ValueError: To serve at least one request"),
        ("cpu-0.32.0-fail-kvspace-int", "Value error, invalid literal for int()"),
        ("cpu-0.32.0-fail-sleep-mode", "Value error, Sleep mode is not supported"),
    ],
)
def test_a_failed_start_names_its_root_cause(stem, cause):
    facts = facts_of(stem)
    first_root = next(death for death in deaths_of(facts) if death.root)
    assert first_root.text.startswith(cause)
    assert not any(isinstance(f, PhaseFact) and f.phase is BootPhase.READY for f in facts)


PREFIX = "(Worker_TP0 pid=30239) INFO 11-23 07:25:28 [x.py:1] "


@pytest.mark.parametrize(
    ("line", "phase", "progress"),
    [
        ("Prefetching checkpoint files: 40% (4/4)", BootPhase.WEIGHTS, 1.0),
        ("Prefetching checkpoint files: 10% (1/8)", BootPhase.WEIGHTS, 0.125),
        ("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<00:00]", BootPhase.WEIGHTS, 0.5),
        ("Model loading took 1.82 GiB and 3.185020 seconds", BootPhase.WEIGHTS, 1.0),
        ("Model loading took 94.46 GiB memory and 61.2 seconds", BootPhase.WEIGHTS, 1.0),
        ("Time spent downloading weights for zai-org/GLM: 700.1 seconds", BootPhase.DOWNLOAD, 1.0),
        ("[backbone] Dynamo bytecode transform time: 1.59 s", BootPhase.COMPILE, None),
        ("torch.compile took 10.96 s in total", BootPhase.COMPILE, 1.0),
        ("GPU KV cache size: 516,000 tokens", BootPhase.WARMUP, None),
        ("CPU KV cache size: 1,398,016 tokens, Maximum concurrency for 1,024 tokens", BootPhase.WARMUP, None),
        ("Capturing CUDA graphs (decode, FULL):  50%|█████     | 5/10 [00:00<00:00]", BootPhase.WARMUP, 0.5),
        ("init engine (profile, create kv cache, warmup model) took 20.68 s", BootPhase.SERVER, None),
    ],
)
def test_a_boot_line_is_read_with_and_without_its_prefix(line, phase, progress):
    for written in (line, PREFIX + line):
        fact = read(written)[0]
        assert (fact.phase, fact.progress) == (phase, progress)


def test_a_progress_bar_tells_each_of_its_states():
    line = (
        "\rDeepGEMM warmup:   0%|          | 0/2161 [00:00<?]\rDeepGEMM warmup:  71%|███ | 1524/2161 [03:55]"
    )
    first, last = read(line)
    assert first.progress == 0.0
    assert last.progress == pytest.approx(1524 / 2161)
    assert last.text == "DeepGEMM warmup 1524/2161"


def test_two_processes_in_one_line_are_both_read():
    line = (
        "Prefetching checkpoint files: 10% (1/4)(Worker_TP1 pid=7) INFO 11-23 08:44:56 [core.py:340] "
        "init engine (profile) took 20.68 s (compilation: 10.96 s)"
    )
    assert [fact.phase for fact in read(line)] == [BootPhase.WEIGHTS, BootPhase.SERVER]


def test_the_innermost_of_two_prefixes_counts():
    (fact,) = read("(APIServer pid=1) (EngineCore pid=2) AssertionError: out of bounds")
    assert fact == DeathFact("AssertionError: out of bounds", root=True)


@pytest.mark.parametrize("prefix", ["", "(APIServer pid=1154) "])
def test_ready_is_read_from_the_web_servers_line(prefix):
    facts = read(f"{prefix}INFO:     Application startup complete.")
    assert [fact.phase for fact in facts] == [BootPhase.READY]


def test_a_prompt_that_quotes_the_log_says_nothing():
    assert read("INFO 11-23 08:44:56 [logger.py:9] Received request: 'Application startup complete.'") == ()
    assert read("Received: vllm serve: error: argument x") == ()


TRAFFIC = (
    "(APIServer pid=1) INFO 11-23 08:45:16 [loggers.py:310] Engine 000: Avg prompt throughput: 118.8 "
    "tokens/s, Avg generation throughput: 106.1 tokens/s, Running: 3 reqs, Waiting: 1 reqs, {}GPU KV cache "
    "usage: 12.5%, Prefix cache hit rate: 41.1%"
)


@pytest.mark.parametrize(
    ("extra", "preemptions"),
    [("", None), ("Deferred: 2 reqs, ", None), ("Preemptions: 1, KV fetch: 2 reqs, ", 1)],
)
def test_a_stats_line_is_read_whatever_a_version_adds_to_it(extra, preemptions):
    (fact,) = read(TRAFFIC.format(extra))
    assert fact == TrafficFact(3, 1, 118.8, 106.1, 0.125, pytest.approx(0.411), preemptions)


@pytest.mark.parametrize(("written", "length"), [("3.19", 3.19), ("nan", None)])
def test_a_speculation_line_may_hold_no_number(written, length):
    line = f"SpecDecoding metrics: Mean acceptance length: {written}, Accepted throughput: 0.00 tokens/s"
    assert read(line) == (SpeculationFact(length),)
    assert read(f"{line}, Avg Draft acceptance rate: 46.0%") == (SpeculationFact(length, 0.46),)


def test_an_exception_of_one_request_is_no_death():
    """Recorded of a healthy 0.32 that was sent a broken body."""
    facts = facts_of("cpu-0.32.0-startup-ngram-spec-devmode")
    assert any(isinstance(f, ExceptionFact) and "Invalid JSON format" in f.text for f in facts)
    assert read("RuntimeError: Response content shorter than Content-Length") == (
        ExceptionFact("RuntimeError: Response content shorter than Content-Length"),
    )


def test_engine_dead_error_alone_proves_nothing():
    """Seen in two of five clean stops, and once per request under way in a real death."""
    line = (
        "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above)"
    )
    assert read(f"(APIServer pid=1154) ERROR 11-23 08:45:20 [async_llm.py:704] {line}") == ()


@pytest.mark.parametrize(
    ("line", "root"),
    [
        ("pilotlight: engine exited code=-9 after=123.4s", False),
        ("pilotlight: engine did not start: [Errno 2] No such file or directory: 'vllm'", True),
        ("Worker proc VllmWorker-3 died unexpectedly (exit code: -9), shutting down executor.", False),
        ("RuntimeError: Engine core initialization failed. See root cause above. Failed", False),
        ("ImportError: cannot import name 'Sentinel' from 'typing_extensions' (/usr/lib/x.py)", True),
        ("ValueError: Free memory on device cuda:0 (1/140 GiB) on startup is less than desired GPU memory "
         "utilization (0.92, 128 GiB).", True),
        ("ValueError: No available memory for the cache blocks. Try increasing", True),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", True),
    ],
)  # fmt: skip
def test_a_death_line_says_whether_it_names_the_cause(line, root):
    assert read(line) == (DeathFact(line, root=root),)


def test_the_memory_summary_of_a_good_start_is_no_death():
    line = (
        "Free memory on device (139.29/139.8 GiB) on startup. Desired GPU memory utilization is (0.92, "
        "128.62 GiB). Actual usage is 1.82 GiB for weight"
    )
    assert read(PREFIX + line) == ()


@pytest.mark.parametrize(
    ("stem", "weights_gib", "cache_gib", "tokens"),
    [
        ("cuda-0.26.0-tiny-llama-eager", {0.0}, {128.34}, 269_153_376),
        ("cuda-0.26.0-mid-llama-4shards-compile-cold", {1.82}, {126.02}, 4_129_328),
        ("cuda-0.26.0-glm-dsa-recipe-eager-killed-in-deepgemm-warmup", {2.83}, {121.26}, 25_429_760),
        ("cpu-0.32.0-startup-eager", set(), set(), 2_097_152),
    ],
)
def test_what_the_engine_measured_of_its_memory(stem, weights_gib, cache_gib, tokens):
    told = [fact for fact in facts_of(stem) if isinstance(fact, MemoryFact)]
    assert {fact.weights_gib for fact in told if fact.weights_gib is not None} == weights_gib
    assert {fact.cache_gib for fact in told if fact.cache_gib is not None} == cache_gib
    assert {fact.cache_tokens for fact in told if fact.cache_tokens is not None} == {tokens}
