"""A URL wakes a container, and what comes back is the container's own answer."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import modal
import pytest

from .conftest import Cloud, fetch, wait_until

pytestmark = pytest.mark.slow


def test_request_wakes_a_container_that_runs_the_deployed_function(cloud: Cloud) -> None:
    url = cloud.deploy("wake")
    assert cloud.containers("wake") == []
    answer = fetch(f"{url}/v1/models?x=1", data=b"body", headers={"Authorization": "Bearer k"})
    facts = answer.json()
    (container,) = cloud.containers("wake")
    assert facts["path"] == "/v1/models?x=1"
    assert facts["sent"] == "body"
    assert facts["MODAL_TASK_ID"] == container["id"]
    assert facts["MODEL_KEY"] == "hush-hush"
    assert facts["PILOT"] == "from the image"
    assert facts["AWS_SECRET_ACCESS_KEY"] is None
    assert facts["HOME"].endswith(f"{container['id']}/root")
    assert (container["gpu_type"], container["gpu_count"]) == ("H200", 8)
    log = "".join(cloud.log("wake"))
    assert "serve: in a container\n" in log
    assert "volume: ['hub']" in log
    assert "engine: ready\n" in log


def test_requests_queue_for_one_container_while_it_boots(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("queue")
    waiting = [threads.submit(fetch, f"{url}/{n}") for n in range(5)]
    assert {future.result().status for future in waiting} == {200}
    assert len(cloud.containers("queue")) == 1
    counts = cloud.control.counts()
    assert counts["functions"] == {"queue/serve": 5}
    assert counts["total"] == 5
    assert counts["refused"] == 0


def test_looking_at_the_control_plane_wakes_nothing(cloud: Cloud) -> None:
    cloud.deploy("looking")
    stats = cloud.function("looking").get_current_stats()
    cloud.cli("container", "list", "--json")
    cloud.log("looking")
    assert (stats.backlog, stats.num_total_runners) == (0, 0)
    assert cloud.containers("looking") == []
    assert cloud.control.counts()["at_url"] == 0


def test_container_goes_after_the_idle_window_from_its_last_input(cloud: Cloud) -> None:
    url = cloud.deploy("idle", scaledown=100)
    # The input itself takes longer than the window, which is one second at this speed.
    assert fetch(f"{url}/slow?s=1.3").status == 200
    answered_at = time.time()
    (ended,) = wait_until(lambda: cloud.containers("idle", running=False))
    assert 0.8 < ended["finished_at"] - answered_at < 8
    assert len(cloud.containers("idle")) == 1
    assert cloud.control.counts()["total"] == 1


def test_stranger_gets_401_and_wakes_nothing(cloud: Cloud) -> None:
    url = cloud.deploy("guarded", proxy_auth=True)
    token = modal.Workspace.from_context(client=cloud.client).proxy_tokens.create(name="panel")
    assert fetch(url).status == 401
    wrong = {"Modal-Key": token.token_id, "Modal-Secret": "ws-wrong"}
    assert fetch(url, headers=wrong).status == 401
    assert cloud.containers("guarded") == []
    assert cloud.control.counts()["refused"] == 2
    right = {"Modal-Key": token.token_id, "Modal-Secret": token.token_secret}
    answer = fetch(url, headers=right)
    assert answer.status == 200
    assert answer.json()["modal_key"] is None


def test_revoked_proxy_token_no_longer_lets_through(cloud: Cloud) -> None:
    url = cloud.deploy("revoked", proxy_auth=True)
    tokens = modal.Workspace.from_context(client=cloud.client).proxy_tokens
    token = tokens.create(name="revoked")
    assert token.token_id in [known.token_id for known in tokens.list()]
    tokens.revoke(token.token_id, "main")
    headers = {"Modal-Key": token.token_id, "Modal-Secret": token.token_secret}
    assert fetch(url, headers=headers).status == 401
    assert token.token_id not in [known.token_id for known in tokens.list()]


def test_long_request_is_answered_with_a_result_url_that_can_be_read_again(cloud: Cloud) -> None:
    url = cloud.deploy("long")
    first = fetch(f"{url}/slow?s=2.6", data=b"once", follow=False)
    location = first.headers["Location"]
    assert first.status == 303
    assert location.startswith(f"{url}/slow?")
    assert fetch(location, data=b"x", follow=False).body == b"modal-http: bad redirect method"
    assert fetch(location, data=b"x", follow=False).status == 400
    done = fetch(location)
    assert done.json()["sent"] == "once"
    assert fetch(location).body == done.body
    assert cloud.control.counts()["total"] == 1


def test_unknown_result_url_is_404(cloud: Cloud) -> None:
    url = cloud.deploy("unknown")
    assert fetch(f"{url}/?__modal_function_call_id=fc-nothing").status == 404
    assert cloud.containers("unknown") == []


def test_client_that_leaves_does_not_cancel_the_boot(cloud: Cloud) -> None:
    url = cloud.deploy("leaver")
    hang_up_after(url, "/x", condition=lambda: cloud.containers("leaver"))
    assert cloud.ready("leaver")["running_inputs"] == 0
    assert cloud.control.counts()["total"] == 0


def test_stream_is_passed_on_piece_by_piece_and_ends_with_its_client(cloud: Cloud) -> None:
    url = cloud.deploy("stream")
    fetch(url)
    received = hang_up_after(url, "/stream", condition=lambda: True, until=b"data: 3\n")
    # The whole stream takes ten seconds: it was not kept back until its end.
    assert b"data: 0\n" in received
    assert b"data: 150\n" not in received
    wait_until(lambda: "stream: the client left\n" in cloud.log("stream"))
    wait_until(lambda: cloud.ready("stream")["running_inputs"] == 0)


def test_429_when_the_url_is_throttled(cloud: Cloud) -> None:
    url = cloud.deploy("throttled")
    cloud.control.set_fault("url_throttled", times=1)
    assert fetch(url).status == 429
    assert cloud.containers("throttled") == []
    assert fetch(url).status == 200


def test_min_containers_keeps_one_without_a_request(cloud: Cloud) -> None:
    cloud.deploy("warm", scaledown=2)
    cloud.function("warm").autoscaler.update(min_containers=1)
    container = cloud.ready("warm")
    threading.Event().wait(0.3)
    assert [c["id"] for c in cloud.containers("warm", running=True)] == [container["id"]]
    cloud.function("warm").autoscaler.update(min_containers=0)
    wait_until(lambda: not cloud.containers("warm", running=True))


def hang_up_after(url: str, path: str, *, condition, until: bytes = b"") -> bytes:
    """Send a request, read until `until`, wait for `condition`, and close the connection."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(f"GET {parts.path}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while until not in received:
            received += connection.recv(4096)
        wait_until(condition)
    return received


def test_answer_carries_the_call_and_the_engines_own_headers(cloud: Cloud) -> None:
    answer = fetch(cloud.deploy("headers"))
    assert answer.headers["Modal-Function-Call-Id"].startswith("fc-")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert json.loads(answer.body)["path"] == "/"
