"""The stand-in as a process: what the cloud relies on, and its misbehaviour."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.cloud import ports
from sandbox.engine.weights import leave_tree
from tests.contracts.engine.client import Client, eventually
from tests.contracts.engine.running import RunningEngine, listens, run_to_end, standin

pytestmark = pytest.mark.slow
MODEL = "zai-org/GLM-5.2-FP8"
Start = Callable[..., RunningEngine]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder whose cache has the model."""
    leave_tree(tmp_path / ".cache" / "huggingface" / "hub", MODEL)
    return tmp_path


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Start stand-ins; all are ended after the test."""
    started: list[RunningEngine] = []

    def begin(*flags: str, **environment: str) -> RunningEngine:
        started.append(RunningEngine(standin(home), *flags, environment=environment))
        return started[-1]

    yield begin
    for engine in started:
        engine.stop(signal.SIGKILL)


def test_the_clouds_port_stands_for_the_asked_one(start: Start) -> None:
    with ports.hold() as holder:
        port = ports.number(holder)
        engine = start("--host", "0.0.0.0", SANDBOX_PORT=str(port))
        engine.wait_ready(port)
    assert f"Starting vLLM server on http://0.0.0.0:{engine.port}" in engine.log
    engine.port = port
    assert Client(engine).get("/health").status == 200


def test_server_on_loopback_is_never_found_by_the_cloud(start: Start) -> None:
    with ports.hold() as holder:
        port = ports.number(holder)
        engine = start("--host", "127.0.0.1", SANDBOX_PORT=str(port))
        engine.wait_for(r"Application startup complete\.")
        eventually(lambda: bool(_listening(engine)))
        assert not _listening(engine) & {port, engine.port}


def test_port_is_not_open_before_ready(start: Start) -> None:
    engine = start(SANDBOX_FAULT='{"kind": "hang", "at": "warmup"}')
    engine.wait_for("GPU KV cache size")
    assert not listens(engine.port)


def test_taken_port_is_told(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run_to_end(standin(home), MODEL, "--host", "127.0.0.1", "--port", port)
    assert ended.returncode == 1
    assert "OSError: [Errno 98] Address already in use" in ended.stdout


def test_process_id_is_written(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "engine.pid"
    engine = start(SANDBOX_ENGINE_PID_FILE=str(file))
    engine.wait_ready()
    assert int(file.read_text()) == engine.process.pid


@pytest.mark.parametrize("phase", ["start", "weights", "compile", "cache", "warmup"])
def test_boot_dies_where_it_is_told_to(start: Start, phase: str) -> None:
    fault = {"kind": "die", "at": phase, "log": "ImportError: boom", "exit_code": 3}
    engine = start(SANDBOX_FAULT=json.dumps(fault))
    assert engine.process.wait(20) == 3
    engine.wait_for("ImportError: boom")
    assert ("Starting to load model" in engine.log) == (phase not in ("start", "weights"))
    assert "Application startup complete." not in engine.log


def test_hanging_boot_still_ends_on_request(start: Start) -> None:
    engine = start(SANDBOX_FAULT='{"kind": "hang", "at": "weights"}')
    engine.wait_for("Initializing a V1 LLM engine")
    assert engine.process.poll() is None
    assert engine.stop(signal.SIGTERM) == -signal.SIGINT


def test_dying_engine_tells_its_streams_and_turns_unhealthy(start: Start) -> None:
    fault = '{"kind": "die_after_ready", "after_s": 4000}'  # a second at this speed
    engine = start(SANDBOX_FAULT=fault, SANDBOX_TOKENS_PER_S="50")
    engine.wait_ready()
    client = Client(engine)
    body = client.chat_body("Hello", stream=True, ignore_eos=True, max_tokens=900)
    with client.open_stream("/v1/chat/completions", body) as events:
        *_, error, done = [event.data for event in events]
    assert done == "[DONE]"
    assert json.loads(error)["error"] == {
        "message": "EngineCore encountered an issue. See stack trace (above) for the root cause.",
        "type": "InternalServerError",
        "param": None,
        "code": 500,
    }
    assert client.get("/health").status == 503
    assert engine.process.wait(20) == 1
    engine.wait_for(r"engine core exited unexpectedly; starting cleanup")
    assert "[shutdown] API server: shutdown triggered" not in engine.log


def test_offline_without_weights_dies(tmp_path: Path) -> None:
    engine = RunningEngine(standin(tmp_path), environment={"HF_HUB_OFFLINE": "1"})
    assert engine.process.wait(20) == 1
    engine.wait_for("LocalEntryNotFoundError")


def test_no_key_means_no_guard(start: Start) -> None:
    engine = start(VLLM_API_KEY="")
    engine.wait_ready()
    assert Client(engine).get("/v1/models", key=None).status == 200


def test_sixty_four_streams_cost_little(start: Start) -> None:
    engine = start("--max-num-seqs", "64", SANDBOX_TOKENS_PER_S="95")
    engine.wait_ready()
    client = Client(engine)
    before = _cpu_s(engine.process.pid)
    counts: list[int] = []
    asks = [threading.Thread(target=lambda: counts.append(_stream_length(client))) for _ in range(64)]
    for thread in asks:
        thread.start()
    eventually(lambda: client.total("num_requests_running") > 40)
    for thread in asks:
        thread.join(60)
    assert len(counts) == 64
    assert min(counts) >= 100
    # 64 x 100 chunks: seconds where something is done per token that should be done once.
    assert _cpu_s(engine.process.pid) - before < 3


def _stream_length(client: Client) -> int:
    return len(client.stream_chat("Hello", ignore_eos=True, max_tokens=100))


def _listening(engine: RunningEngine) -> set[int]:
    """The ports on which the process accepts connections."""
    sockets = psutil.Process(engine.process.pid).net_connections("tcp")
    return {one.laddr.port for one in sockets if one.status == psutil.CONN_LISTEN}


def _cpu_s(pid: int) -> float:
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
