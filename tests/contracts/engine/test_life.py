"""Start, refusals of the command line, and the end: log lines and exit codes."""

import re
import signal

import pytest

from tests.contracts.engine.client import Client
from tests.contracts.engine.running import Command, RunningEngine, run_to_end

PREFIX = r"\((?:APIServer|EngineCore|Worker\w*) pid=\d+\) (?:INFO|WARNING) [\d-]{5} [\d:]{8} \[[\w.]+:\d+\] "
# In this order. Line numbers differ from version to version and are never matched.
START_LINES = [
    r"version 0\.3\d\.\d",
    PREFIX + r"non-default args: \{.*'max_model_len': 1024",
    PREFIX + r"Resolved architecture: \w+",
    PREFIX + r"Using max model len 1024",
    PREFIX + r"Enforce eager set, disabling torch\.compile, CUDAGraphs",
    PREFIX + r"Initializing a V1 LLM engine \(v0\.3\d\.\d\) with config: model='",
    PREFIX + r"Starting to load model \S+\.\.\.",
    PREFIX
    + r"Filesystem type for checkpoints: \w+\. Checkpoint size: [\d.]+ GiB\. Available RAM: [\d.]+ GiB\.",
    PREFIX + r"Prefetching checkpoint files into page cache started \(in background, num_threads=",
    r"Loading safetensors checkpoint shards: +0% Completed \| 0/\d+",
    r"Loading safetensors checkpoint shards: 100% Completed \| (\d+)/\1 ",
    PREFIX + r"Loading weights took [\d.]+ seconds",
    PREFIX
    + r"[CG]PU KV cache size: [\d,]+ tokens, Maximum concurrency for 1,024 tokens per request: [\d.]+x",
    PREFIX + r"init engine \(profile, create kv cache, warmup model\) took [\d.]+ s",
    PREFIX + r"Supported tasks: \['generate'\]",
    PREFIX + r'"auto" tool choice has been enabled\.',
    PREFIX + r"Starting vLLM server on http://127\.0\.0\.1:\d+",
    PREFIX + r"Available routes are:",
    PREFIX + r"Route: /v1/chat/completions, Methods: POST",
    r"INFO: +Started server process \[\d+\]",
    r"INFO: +Waiting for application startup\.",
    r"INFO: +Application startup complete\.",
]
# Lets the stand-in's quick boot be caught in the act; it means nothing to a real one.
HANG = {"SANDBOX_FAULT": '{"kind": "hang", "at": "weights"}'}
END_LINES = [
    r"\[shutdown\] API server: shutdown triggered",
    r"\[shutdown\] API server: stopping engine client mode=abort timeout=0s",
    r"\[shutdown\] MPClient: start timeout=0s",
    r"\[shutdown\] Process manager: force killing remaining processes count=1",
    r"\[shutdown\] MPClient: engine manager stopped",
    r"\[shutdown\] API server: shutting down FastAPI HTTP server",
    r"INFO: +Shutting down",
    r"INFO: +Application shutdown complete\.",
]


def test_start_is_told_line_by_line(engine: RunningEngine) -> None:
    _assert_in_order(START_LINES, engine.log)


def test_prefetching_is_told_by_file(engine: RunningEngine) -> None:
    assert re.search(PREFIX + r"Prefetching checkpoint files: \d+% \(\d+/\d+\)", engine.log)
    assert re.search(PREFIX + r"Prefetching checkpoint files into page cache finished in [\d.]+s", engine.log)


def test_requests_are_told_as_uvicorn_does(client: Client) -> None:
    client.get("/version")
    client.engine.wait_for(r'INFO: +127\.0\.0\.1:\d+ - "GET /version HTTP/1\.1" 200 OK\n', timeout_s=10)


def test_key_is_never_in_the_log(client: Client) -> None:
    client.chat("Hello", max_tokens=1)
    assert client.engine.key not in client.engine.log


def test_stop_during_the_boot_is_told_and_ends_as_interrupted(command: Command) -> None:
    running = RunningEngine(command, environment=HANG)
    running.wait_for(
        r"non-default args: "
    )  # from here until its engine process starts, it can be interrupted
    assert running.stop(signal.SIGTERM) == -signal.SIGINT
    assert running.log.rstrip().splitlines()[-1] == "KeyboardInterrupt: terminated"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_stop_is_clean_and_told(fresh: RunningEngine, how: signal.Signals) -> None:
    assert fresh.stop(how) == 0
    _assert_in_order(END_LINES, fresh.log)


def test_unknown_flag_is_refused_with_two(command: Command) -> None:
    ended = run_to_end(command, command.model, "--max-model-length", "2048")
    assert ended.returncode == 2
    assert ended.stderr.rstrip().endswith("vllm: error: unrecognized arguments: --max-model-length 2048")


def test_wrong_choice_is_refused_with_two(command: Command) -> None:
    ended = run_to_end(command, command.model, "--safetensors-load-strategy", "fast")
    assert ended.returncode == 2
    assert "argument --safetensors-load-strategy: invalid choice: 'fast' (choose from" in ended.stderr


def test_wrong_tool_parser_dies_later_with_one(command: Command) -> None:
    flags = ("--enable-auto-tool-choice", "--tool-call-parser", "glm99")
    ended = run_to_end(command, command.model, *flags, "--host", "127.0.0.1", "--port", "0")
    assert ended.returncode == 1
    told = ended.stdout + ended.stderr
    assert re.search(r"KeyError: 'invalid tool call parser: glm99 \(chose from \{ apertus,", told)


def test_repeated_flag_is_told_and_the_last_wins(command: Command) -> None:
    running = RunningEngine(command, "--max-model-len", "512")
    try:
        running.wait_for(r"Found duplicate keys --max-model-len")
        running.wait_for(r"Using max model len 512")
    finally:
        running.stop(signal.SIGKILL)


def _assert_in_order(patterns: list[str], log: str) -> None:
    place = 0
    for pattern in patterns:
        match = re.compile(pattern).search(log, place)
        assert match, f"{pattern!r} is not there, or not after the line before it"
        place = match.end()
