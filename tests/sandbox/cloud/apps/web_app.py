"""A deployable module for tests: a small web server in place of an engine, and a plain function."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

SPEC = json.loads(os.environ.get("APP_SPEC") or "{}")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path: `/slow?s=0.5` late, `/stream` in pieces, and everything else with facts."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.sent = self.rfile.read(length).decode()
        url = urlsplit(self.path)
        if url.path == "/slow":
            time.sleep(float(parse_qs(url.query)["s"][0]))
        if url.path == "/stream":
            return self.stream()
        return self.facts()

    do_POST = do_GET

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number in range(200):
                piece = f"data: {number}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                time.sleep(0.05)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            print("stream: the client left", flush=True)

    def facts(self):
        names = ("MODAL_TASK_ID", "MODEL_KEY", "HOME", "PILOT", "AWS_SECRET_ACCESS_KEY", "SANDBOX_FAULT")
        facts = {name: os.environ.get(name) for name in names}
        facts |= {"path": self.path, "sent": self.sent, "modal_key": self.headers.get("Modal-Key")}
        body = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    if SPEC.get("boot") == "crash":
        print("engine: no memory left", flush=True)
        sys.exit(7)
    if SPEC.get("boot") == "hang":
        threading.Event().wait()
    with open(os.environ["SANDBOX_ENGINE_PID_FILE"], "w") as file:
        file.write(str(os.getpid()))
    print("engine: ready", flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SANDBOX_PORT"])), Handler)
    server.serve_forever()

import modal  # noqa: E402

image = (
    modal.Image.from_registry(
        f"example/{SPEC.get('app')}:1", setup_dockerfile_commands=["RUN touch /tmp/never-run-by-the-sandbox"]
    )
    .entrypoint([])
    .env({"PILOT": "from the image"})
)
app = modal.App(SPEC.get("app", "demo"), tags={"managed-by": "tests"})


def supervise(child):
    """End the container with its engine."""
    child.wait()
    print(f"engine: ended with {child.returncode}", flush=True)
    os._exit(1)


@app.function(
    image=image,
    env={"APP_SPEC": json.dumps(SPEC)},
    gpu="H200:8",
    max_containers=SPEC.get("max_containers", 1),
    scaledown_window=SPEC.get("scaledown", 900),
    timeout=3600,
    startup_timeout=SPEC.get("startup", 600),
    secrets=[modal.Secret.from_name("model-key")],
    volumes={"/root/.cache/huggingface": modal.Volume.from_name("huggingface-cache", create_if_missing=True)},
)
@modal.concurrent(max_inputs=SPEC.get("max_inputs", 8))
@modal.web_server(port=8000, startup_timeout=600, requires_proxy_auth=SPEC.get("proxy_auth", False))
def serve():
    """Start the server and come back, as a module around an engine does."""
    print("serve: local" if modal.is_local() else "serve: in a container", flush=True)
    print("volume:", os.listdir(os.path.expanduser("~/.cache/huggingface")), flush=True)
    child = subprocess.Popen([sys.executable, __file__])
    if SPEC.get("supervise", True):
        threading.Thread(target=supervise, args=(child,), daemon=True).start()


scratch = modal.Volume.from_name("scratch-of-work", create_if_missing=True)


@app.function(image=image, timeout=600, volumes={"/root/scratch": scratch})
def work(what, *, fail=False, wait=False, keep=False):
    """Give back what came, or fail, or take for ever, or keep it on a volume."""
    print("work:", what, flush=True)
    if keep:
        with open(os.path.expanduser("~/scratch/kept.txt"), "w") as file:
            file.write(what)
        scratch.commit()
    if fail:
        raise ValueError(f"cannot do {what}")
    if wait:
        threading.Event().wait()
    return {"did": what}
