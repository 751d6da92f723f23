"""The bundled stand-in engine inside a container of the sandbox."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Cloud, fetch, wait_until

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


def test_boot_dies_with_the_given_log(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("dying", module="engine_app.py")
    cloud.control.set_fault(
        "boot_dies", at="weights", log="No available memory for the cache blocks.", times=1
    )
    waiting = threads.submit(fetch, f"{url}/v1/models")
    (first, *_) = wait_until(lambda: cloud.containers("dying", running=False), within_s=20)
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
