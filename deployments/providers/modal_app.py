"""What runs at Modal: one server that scales to zero, and the download of its weights.

Pilotlight deploys this very file. It stands alone (the standard library and `modal`) and takes everything
that varies from one environment variable, so it works without the panel too:

    PILOTLIGHT_SPEC="$(cat spec.json)" modal deploy modal_app.py

`spec.json` is the deployment's exported spec. It holds no secret: keys come from the Modal secrets it names.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Any

import modal

PORT = 8000
WEIGHTS = "/root/.cache/huggingface"
# How long the engine may take to end when the container is asked to.
STOP_S = 30

if "PILOTLIGHT_SPEC" not in os.environ:
    raise SystemExit("PILOTLIGHT_SPEC is not set: put the exported spec (JSON) into it, then deploy again.")
SPEC = json.loads(os.environ["PILOTLIGHT_SPEC"])

app = modal.App(
    SPEC["app_name"],
    # By these the panel knows its own apps again.
    tags={
        "managed-by": "pilotlight",
        "pilotlight-slug": SPEC["slug"],
        "pilotlight-release": str(SPEC["release"]),
    },
)

image = (
    modal.Image.from_registry(
        SPEC["image"]["reference"], setup_dockerfile_commands=SPEC["image"]["setup_commands"]
    )
    .entrypoint([])  # engine images start a server of their own; here `serve` does
    .pip_install(SPEC["image"]["pip"])
    .env(SPEC["image"]["environment"])
)
volumes: dict[Any, Any] = {
    str(path): modal.Volume.from_name(name, create_if_missing=True) for path, name in SPEC["volumes"].items()
}
# The container reads the same spec as the deploy did, without an image layer of its own.
environment: dict[str, str | None] = {"PILOTLIGHT_SPEC": json.dumps(SPEC)}


@app.function(
    image=image,
    env=environment,
    secrets=[modal.Secret.from_name(name) for name in SPEC["secrets"]],
    volumes=volumes,
    gpu=SPEC["gpu"],
    cpu=SPEC["cpu_cores"],
    memory=SPEC["memory_mib"],
    region=SPEC["region"],
    min_containers=0,  # asleep costs nothing, whatever becomes of the panel
    max_containers=1,
    scaledown_window=SPEC["idle_window_s"],
    # Both are needed: the function's own startup timeout is 300 s unless it is given, and a cold start of a
    # large model takes about as long.
    startup_timeout=SPEC["startup_timeout_s"],
    timeout=SPEC["request_timeout_s"],  # of one request
)
@modal.concurrent(max_inputs=SPEC["max_inputs"])  # without it a container takes one request at a time
@modal.web_server(port=PORT, startup_timeout=SPEC["startup_timeout_s"], requires_proxy_auth=True)
def serve() -> None:
    """Start the engine and watch it. Modal then waits for the port."""
    started = time.monotonic()
    try:
        engine = subprocess.Popen(
            SPEC["argv"], env={**os.environ, **SPEC["environment"]}, start_new_session=True
        )
    except OSError as error:
        print(f"pilotlight: engine did not start: {error}", flush=True)
        raise
    stopping = threading.Event()
    watcher = threading.Thread(target=watch, args=(engine, started, stopping), daemon=True)
    watcher.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        pass_on(number, engine, watcher, stopping)


def watch(engine: "subprocess.Popen[bytes]", started: float, stopping: threading.Event) -> None:
    """End the container when the engine has ended by itself.

    Modal would go on waiting for the port until the startup timeout, and bill for it.
    """
    code = engine.wait()
    kill_group(engine.pid)  # workers that the engine left behind still hold the GPUs
    if stopping.is_set():
        return
    print(f"pilotlight: engine exited code={code} after={time.monotonic() - started:.1f}s", flush=True)
    os._exit(1)  # only this ends the whole process from a thread


def pass_on(
    number: signal.Signals,
    engine: "subprocess.Popen[bytes]",
    watcher: threading.Thread,
    stopping: threading.Event,
) -> None:
    """Hand a signal on to the engine and let it end, then let the signal do what it would have done."""
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        stopping.set()
        engine.send_signal(received)
        watcher.join(STOP_S)
        kill_group(engine.pid)
        signal.signal(received, before or signal.SIG_DFL)
        os.kill(os.getpid(), received)

    if threading.current_thread() is threading.main_thread():  # Python takes handlers nowhere else
        signal.signal(number, handle)


def kill_group(pid: int) -> None:
    """End every process of the engine's session. Those that have ended already are no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@app.function(
    image=image,
    env=environment,
    secrets=[modal.Secret.from_name(name) for name in SPEC["download"]["secrets"]],
    volumes={WEIGHTS: volumes[WEIGHTS]} if WEIGHTS in volumes else {},
    cpu=SPEC["download"]["cpu_cores"],  # and no GPU: it need not be paid for while bytes arrive
    memory=SPEC["download"]["memory_mib"],
    max_containers=1,
    timeout=SPEC["download"]["timeout_s"],
)
def download() -> None:
    """Fill the weights volume. Run again, it fetches only what is missing."""
    if WEIGHTS not in volumes:
        raise RuntimeError(
            f"No volume is mounted at {WEIGHTS}: the weights would be lost with the container."
        )
    sys.stdout.flush()
    code = subprocess.run(SPEC["download"]["argv"], check=False).returncode
    if code:
        raise RuntimeError(f"The download ended with code {code}; the lines above say why.")
    volumes[WEIGHTS].commit()
