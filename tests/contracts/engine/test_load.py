"""Metrics, the queue, the stats lines, and clients that leave."""

import threading

import pytest

from tests.contracts.engine.client import Client, eventually

HISTOGRAMS = [
    *("time_to_first_token_seconds", "inter_token_latency_seconds", "e2e_request_latency_seconds"),
    *("request_queue_time_seconds", "request_prefill_time_seconds", "request_decode_time_seconds"),
    *("request_prompt_tokens", "request_generation_tokens", "iteration_tokens_total"),
]
GAUGES = ["num_requests_running", "num_requests_waiting", "kv_cache_usage_perc", "cache_config_info"]
COUNTERS = [
    *("prompt_tokens_total", "generation_tokens_total", "prompt_tokens_cached_total"),
    *(
        "prefix_cache_queries_total",
        "prefix_cache_hits_total",
        "num_preemptions_total",
        "request_success_total",
    ),
]
STORY = {"ignore_eos": True, "max_tokens": 900}


@pytest.mark.parametrize(
    ("names", "kind"), [(GAUGES, "gauge"), (COUNTERS, "counter"), (HISTOGRAMS, "histogram")]
)
def test_metrics_are_declared(client: Client, names: list[str], kind: str) -> None:
    page = client.get("/metrics").text
    for name in names:
        assert f"# TYPE vllm:{name} {kind}\n" in page
        assert f"vllm:{name}{'_count' if kind == 'histogram' else ''}{{" in page


def test_samples_carry_engine_and_model(client: Client) -> None:
    labels = f'{{engine="0",model_name="{client.model}"}}'
    assert f"vllm:num_requests_running{labels}" in client.metrics()
    success = f'vllm:request_success_total{{engine="0",finished_reason="stop",model_name="{client.model}"}}'
    assert success in client.metrics()


def test_a_request_is_counted_once_it_ended(client: Client) -> None:
    names = ("prompt_tokens_total", "generation_tokens_total", "request_success_total")
    before = {name: client.total(name) for name in names}
    usage = client.chat("Hello").json["usage"]
    added = dict(zip(names, (usage["prompt_tokens"], usage["completion_tokens"], 1), strict=True))
    eventually(lambda: all(client.total(n) - before[n] == added[n] for n in names))


def test_histograms_count_requests(client: Client) -> None:
    before = client.total("time_to_first_token_seconds_count")
    client.chat("Hello", max_tokens=2)
    eventually(lambda: client.total("time_to_first_token_seconds_count") == before + 1)
    infinite = [n for n in client.metrics() if "time_to_first_token_seconds_bucket" in n and '+Inf"' in n]
    assert client.metrics()[infinite[0]] == before + 1


def test_a_client_that_leaves_ends_its_generation_and_is_counted_nowhere(client: Client) -> None:
    before = client.total("request_success_total")
    body = client.chat_body("Tell me a story", stream=True, **STORY)
    with client.open_stream("/v1/chat/completions", body) as events:
        next(events)
        next(events)
    eventually(lambda: client.total("num_requests_running") == 0)
    generated = client.total("generation_tokens_total")
    assert client.total("request_success_total") == before
    assert client.chat("Hello", max_tokens=1).status == 200
    assert client.total("generation_tokens_total") - generated <= 1


def test_requests_beyond_the_limit_wait(client: Client) -> None:
    done: list[int] = []
    asks = [threading.Thread(target=lambda: done.append(client.chat("Tell me a story", **STORY).status))]
    asks += [
        threading.Thread(target=lambda: done.append(client.chat("Hello", **STORY).status)) for _ in range(11)
    ]
    for thread in asks:
        thread.start()
    eventually(lambda: client.total("num_requests_waiting") > 0)
    assert client.total("num_requests_running") <= 8
    for thread in asks:
        thread.join(60)
    assert done == [200] * 12


def test_load_is_told_in_the_log(client: Client) -> None:
    client.chat("Hello", **STORY)
    line = client.engine.wait_for(
        r"\(APIServer pid=\d+\) INFO \d\d-\d\d \d\d:\d\d:\d\d \[loggers\.py:\d+\] Engine 000: "
        r"Avg prompt throughput: [\d.]+ tokens/s, Avg generation throughput: [\d.]+ tokens/s, "
        r"Running: \d+ reqs, Waiting: \d+ reqs, [CG]PU KV cache usage: [\d.]+%, "
        r"Prefix cache hit rate: [\d.]+%",
        timeout_s=10,
    )
    assert "Engine 000" in line
