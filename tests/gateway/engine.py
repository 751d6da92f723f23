"""The stand-in of vLLM, as a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

MODEL = "glm-5.2-fp8"
ENGINE_KEY = "engine-secret"
_ROOT = Path(__file__).resolve().parents[2]
_READY = b"Application startup complete."
_COMMAND = [
    sys.executable, "-m", "sandbox.engine.vllm", "serve", "zai-org/GLM-5.2-FP8", "--served-model-name", MODEL,
    "--host", "127.0.0.1", "--max-model-len", "131072", "--reasoning-parser", "glm45",
    "--tool-call-parser", "glm47", "--enable-auto-tool-choice", "--enable-prompt-tokens-details",
]  # fmt: skip


@contextlib.contextmanager
def standin(*, tokens_per_s: int = 2000) -> Iterator[str]:
    """The address of a stand-in that is ready; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="gateway-engine-") as home:
        environment = {
            "PATH": os.environ["PATH"],
            "HF_HOME": home,
            "SANDBOX_SPEED": "5000",
            "SANDBOX_TOKENS_PER_S": str(tokens_per_s),
            "VLLM_API_KEY": ENGINE_KEY,
        }
        process = subprocess.Popen(
            [*_COMMAND, "--port", str(port)],
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def _wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    said: list[bytes] = []
    for line in process.stdout:
        said.append(line)
        if _READY in line:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    raise AssertionError(b"".join(said[-20:]).decode())
