"""A deployable module for tests around the bundled stand-in engine."""

import subprocess
import sys
import threading

import modal

app = modal.App("engine")


@app.function(
    gpu="H200:8",
    max_containers=1,
    scaledown_window=900,
    startup_timeout=3600,
    volumes={"/root/.cache/huggingface": modal.Volume.from_name("huggingface-cache", create_if_missing=True)},
)
@modal.concurrent(max_inputs=8)
@modal.web_server(port=8000, startup_timeout=3600)
def serve():
    """Start `vllm serve`, and end with it."""
    command = [
        "vllm",
        "serve",
        "zai-org/GLM-5.2-FP8",
        "--served-model-name",
        "glm-5.2-fp8",
        "--host",
        "0.0.0.0",
    ]
    command += ["--port", "8000", "--tensor-parallel-size", "8", "--trust-remote-code", "--enforce-eager"]
    command += ["--max-model-len", "131072"]
    child = subprocess.Popen([*command, "--safetensors-load-strategy", "prefetch"])

    def supervise():
        code = child.wait()
        print(f"engine ended with {code}", file=sys.stderr, flush=True)
        import os

        os._exit(1)

    threading.Thread(target=supervise, daemon=True).start()
