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
# Modal keeps the GPUs' memory for the next start. An experiment of theirs; not known to work with 8 GPUs.
SNAPSHOT: dict[str, Any] = {}
if SPEC.get("gpu_snapshot"):
    SNAPSHOT = {"enable_memory_snapshot": True, "experimental_options": {"enable_gpu_snapshot": True}}


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
    **SNAPSHOT,
)
@modal.concurrent(max_inputs=SPEC["max_inputs"])  # without it a container takes one request at a time
@modal.web_server(port=PORT, startup_timeout=SPEC["startup_timeout_s"], requires_proxy_auth=True)
def serve() -> None:
    """Start the engine and watch it. Modal then waits for the port."""
    Engine().start()


class Engine:
    """The engine's process, in a session of its own together with its workers."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started = time.monotonic()
        self.stopped_by = 0
        self.before: dict[int, Any] = {}
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def start(self) -> None:
        """Run it; from here on its end is the container's end."""
        self.take_signals()
        try:
            self.process = subprocess.Popen(
                SPEC["argv"], env={**os.environ, **SPEC["environment"]}, start_new_session=True
            )
        except OSError as error:
            print(f"pilotlight: engine did not start: {error}", flush=True)
            raise
        self.watcher.start()
        if self.stopped_by:  # asked to stop while it was being started
            self.stop()

    def watch(self) -> None:
        """End the container when the engine has ended by itself.

        Modal would go on waiting for the port until the startup timeout, and bill for it.
        """
        if self.process is None:
            return
        code = self.process.wait()
        self.kill_workers()  # those that it left behind still hold the GPUs
        if not self.stopped_by:
            took = time.monotonic() - self.started
            print(f"pilotlight: engine exited code={code} after={took:.1f}s", flush=True)
            os._exit(1)  # only this ends the whole process from a thread

    def take_signals(self) -> None:
        """Hear of a stop before the process ends, to hand it on."""
        if threading.current_thread() is threading.main_thread():  # Python takes handlers nowhere else
            for number in (signal.SIGTERM, signal.SIGINT):
                self.before[number] = signal.signal(number, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """A signal has come."""
        self.stopped_by = number
        if self.watcher.is_alive():
            self.stop()

    def stop(self) -> None:
        """Hand the signal on and let the engine end; then let the signal do what it would have done."""
        if self.process is not None:
            self.process.send_signal(self.stopped_by)
        self.watcher.join(STOP_S)
        self.kill_workers()
        signal.signal(self.stopped_by, self.before[self.stopped_by] or signal.SIG_DFL)
        os.kill(os.getpid(), self.stopped_by)

    def kill_workers(self) -> None:
        """End every process of the session. Those that have ended already are no error."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


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
