"""The bundled stand-in engine inside a container of the sandbox."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Cloud, close_client, fetch, start, wait_until

# What a real engine does here: listen where it is told to, and say how it was started.
ENGINE = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(sys.argv[1:]).encode())
address = sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(address, Handler).serve_forever()
"""

pytestmark = pytest.mark.slow


def test_deployed_vllm_command_meets_the_stand_in(cloud: Cloud) -> None:
    url = cloud.deploy("standin", module="engine_app.py")
    answer = fetch(f"{url}/v1/models")
    assert answer.json()["data"][0]["id"] == "glm-5.2-fp8"
    asked = {"model": "glm-5.2-fp8", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 8}
    done = fetch(
        f"{url}/v1/chat/completions",
        data=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert done.status == 200, done.body
    assert any("Application startup complete." in line for line in cloud.log("standin"))


def test_real_engine_is_started_on_the_mapped_port(tmp_path: Path) -> None:
    engine = tmp_path / "vllm"
    engine.write_text(f"#!{sys.executable}\n{ENGINE}")
    engine.chmod(0o700)
    cloud = start(tmp_path / "state", engine=str(engine))
    url = cloud.deploy("real", module="engine_app.py")
    answer = fetch(url).json()
    close_client(cloud.client)
    assert cloud.sandbox.stop() == 0
    assert answer[:3] == ["serve", "zai-org/GLM-5.2-FP8", "--served-model-name"]
    assert answer[answer.index("--host") + 1] == "127.0.0.1"
    assert answer[answer.index("--port") + 1] != "8000"


def test_boot_dies_with_the_given_log(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("dying", module="engine_app.py")
    cloud.control.set_fault(
        "boot_dies", at="weights", log="No available memory for the cache blocks.", times=1
    )
    waiting = threads.submit(fetch, f"{url}/v1/models")
    (first, *_) = wait_until(lambda: cloud.containers("dying", running=False))
    assert first["exit_code"] == 1
    assert any("No available memory for the cache blocks." in line for line in cloud.log("dying"))
    # The second container has no fault: it becomes ready, and the request that waited is answered.
    assert waiting.result().status == 200


def test_killed_engine_ends_the_container_that_watches_it(cloud: Cloud) -> None:
    url = cloud.deploy("killed", module="engine_app.py")
    fetch(f"{url}/v1/models")
    cloud.control.kill_engine(cloud.ready("killed")["id"])
    wait_until(lambda: not cloud.containers("killed", running=True))
    assert cloud.containers("killed")[0]["exit_code"] == 1
