"""The metrics vLLM 0.32 and 0.33 expose, with the same names, labels and buckets."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.engine.prefix_cache import BLOCK_TOKENS
from sandbox.engine.registry import Counter, Family, Gauge, Histogram, render
from sandbox.engine.settings import KV_CACHE_TOKENS, Settings

_LATENCY = (0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680)
_FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80)
_FIRST_TOKEN = (*_FIRST, 160, 640, 2560)
_TOKEN_GAP = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80)
_ITERATION = (1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
_FINISH_REASONS = ("stop", "length", "abort", "error", "repetition")


@dataclass(slots=True)
class Finished:
    """What one finished request adds. Times in seconds, counts in tokens."""

    reason: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    max_tokens: int
    n: int
    queue_s: float
    prefill_s: float
    decode_s: float


@dataclass(slots=True)
class Metrics:
    """All metric families of one engine."""

    settings: Settings
    families: list[Family] = field(default_factory=list)
    counters: dict[str, Counter] = field(default_factory=dict)
    gauges: dict[str, Gauge] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Declare every family, at zero, in the real one's order."""
        if self.settings.draft_tokens:
            self._declare_speculation()
        self._declare_gauges()
        self._declare_counters()
        self._declare_histograms()
        self._declare_cache_config()

    def text(self) -> str:
        """The page at `/metrics`."""
        return render(self.families)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to the counter `vllm:NAME_total`."""
        self.counters[name].add(amount, **labels)

    def show_load(self, running: int, waiting: int, cache_use: float) -> None:
        """Present load: requests, and the share of the KV cache in use (0 to 1)."""
        self.gauges["num_requests_running"].set(running)
        self.gauges["num_requests_waiting"].set(waiting)
        self.gauges["num_requests_waiting_by_reason"].set(waiting, reason="capacity")
        self.gauges["kv_cache_usage_perc"].set(cache_use)

    def observe(self, name: str, value: float, times: int = 1) -> None:
        """Count an observation in the histogram `vllm:NAME`."""
        self.histograms[name].observe(value, times)

    def finish(self, done: Finished) -> None:
        """Count a request that ended by itself. One whose client left is counted nowhere."""
        self.add("request_success", finished_reason=done.reason)
        inference_s = done.prefill_s + done.decode_s
        observed = {
            "request_prompt_tokens": done.prompt_tokens,
            "request_generation_tokens": done.output_tokens,
            "request_max_num_generation_tokens": done.output_tokens,
            "request_params_n": done.n,
            "request_params_max_tokens": done.max_tokens,
            "request_time_per_output_token_seconds": done.decode_s / max(1, done.output_tokens - 1),
            "e2e_request_latency_seconds": done.queue_s + inference_s,
            "request_queue_time_seconds": done.queue_s,
            "request_inference_time_seconds": inference_s,
            "request_prefill_time_seconds": done.prefill_s,
            "request_decode_time_seconds": done.decode_s,
            "request_num_preemptions": 0,
            "request_prefill_kv_computed_tokens": done.prompt_tokens - done.cached_tokens,
        }
        for name, value in observed.items():
            self.observe(name, value)

    @property
    def _labels(self) -> dict[str, str]:
        return {"engine": "0", "model_name": self.settings.served_names[0]}

    def _counter(self, name: str, text: str, *labels: dict[str, str]) -> None:
        counter = Counter(f"vllm:{name}_total", text, self._labels)
        for values in labels or ({},):
            counter.add(0, **values)
        self.counters[name] = counter
        self.families.append(counter)

    def _gauge(self, name: str, text: str, *labels: dict[str, str]) -> None:
        gauge = Gauge(f"vllm:{name}", text, self._labels)
        for values in labels or ({},):
            gauge.set(0, **values)
        self.gauges[name] = gauge
        self.families.append(gauge)

    def _histogram(self, name: str, text: str, bounds: tuple[float, ...]) -> None:
        self.histograms[name] = Histogram(f"vllm:{name}", text, self._labels, bounds)
        self.families.append(self.histograms[name])

    def _declare_speculation(self) -> None:
        self._counter("spec_decode_num_drafts", "Number of spec decoding drafts.")
        self._counter("spec_decode_num_draft_tokens", "Number of draft tokens.")
        self._counter("spec_decode_num_accepted_tokens", "Number of accepted tokens.")
        positions = [{"position": str(index)} for index in range(self.settings.draft_tokens)]
        name = "spec_decode_num_accepted_tokens_per_pos"
        self._counter(name, "Accepted tokens per draft position.", *positions)

    def _declare_gauges(self) -> None:
        self._gauge("num_requests_running", "Number of requests in model execution batches.")
        self._gauge("num_requests_waiting", "Number of requests waiting to be processed.")
        reasons = [{"reason": "capacity"}, {"reason": "deferred"}]
        self._gauge("num_requests_waiting_by_reason", "Waiting requests by reason.", *reasons)
        states = [{"sleep_state": state} for state in ("awake", "weights_offloaded", "discard_all")]
        self._gauge("engine_sleep_state", "Engine sleep state.", *states)
        self.gauges["engine_sleep_state"].set(1, sleep_state="awake")
        self._gauge("kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.")

    def _declare_counters(self) -> None:
        self._counter("prefix_cache_queries", "Prefix cache queries, in number of queried tokens.")
        self._counter("prefix_cache_hits", "Prefix cache hits, in number of cached tokens.")
        self._counter("num_preemptions", "Cumulative number of preemptions from the engine.")
        self._counter("prompt_tokens", "Number of prefill tokens processed.")
        sources = ("local_compute", "local_cache_hit", "external_kv_transfer")
        self._counter(
            "prompt_tokens_by_source", "Prompt tokens by source.", *({"source": s} for s in sources)
        )
        self._counter("prompt_tokens_cached", "Number of cached prompt tokens.")
        self._counter("generation_tokens", "Number of generation tokens processed.")
        reasons = ({"finished_reason": reason} for reason in _FINISH_REASONS)
        self._counter("request_success", "Count of successfully processed requests.", *reasons)

    def _declare_histograms(self) -> None:
        tokens = _token_bounds(self.settings.max_model_len)
        self._histogram("request_prompt_tokens", "Number of prefill tokens processed.", tokens)
        self._histogram("request_generation_tokens", "Number of generation tokens processed.", tokens)
        self._histogram("iteration_tokens_total", "Tokens per engine step.", _ITERATION)
        self._histogram("request_max_num_generation_tokens", "Maximum requested tokens.", tokens)
        self._histogram("request_params_n", "The n request parameter.", (1, 2, 5, 10, 20))
        self._histogram("request_params_max_tokens", "The max_tokens request parameter.", tokens)
        self._histogram("time_to_first_token_seconds", "Time to first token in seconds.", _FIRST_TOKEN)
        self._histogram("inter_token_latency_seconds", "Inter-token latency in seconds.", _TOKEN_GAP)
        gap_name = "request_time_per_output_token_seconds"
        self._histogram(gap_name, "Time per output token in seconds per request.", _TOKEN_GAP)
        self._histogram("e2e_request_latency_seconds", "E2E request latency in seconds.", _LATENCY)
        for phase in ("queue", "inference", "prefill", "decode"):
            text = f"Time spent in the {phase} phase, in seconds."
            self._histogram(f"request_{phase}_time_seconds", text, _LATENCY)
        self._histogram("request_num_preemptions", "Preemptions per request.", (1, 2, 3, 4, 5, 10, 20))
        self._histogram("request_prefill_kv_computed_tokens", "New KV tokens computed.", tokens)

    def _declare_cache_config(self) -> None:
        gauge = Gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", self._labels)
        times = KV_CACHE_TOKENS / self.settings.max_model_len
        gauge.set(
            1,
            block_size=str(BLOCK_TOKENS),
            cache_dtype=self.settings.kv_cache_dtype,
            enable_prefix_caching=str(self.settings.prefix_caching),
            kv_cache_max_concurrency=f"{times:.2f}",
            kv_cache_size_tokens=str(KV_CACHE_TOKENS),
            num_gpu_blocks=str(KV_CACHE_TOKENS // BLOCK_TOKENS),
        )
        self.families.append(gauge)


def _token_bounds(limit: int) -> tuple[float, ...]:
    """1, 2, 5, 10, 20, 50 ... up to the context length, as the real one builds them."""
    bounds = [factor * 10**power for power in range(7) for factor in (1, 2, 5)]
    return tuple(bound for bound in bounds if bound <= limit)
