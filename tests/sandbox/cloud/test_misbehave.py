"""Faults that the cloud is told to show, as the SDK meets them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import modal
import pytest

from sandbox.client import ControlClient, ControlError

from .conftest import Cloud, fetch, wait_until

pytestmark = pytest.mark.slow


def lookup(cloud: Cloud, name: str) -> modal.App:
    return modal.App.lookup(name, client=cloud.client)


def test_unavailable_control_plane_is_a_service_error(cloud: Cloud) -> None:
    cloud.deploy("away")
    cloud.control.set_fault("rpc_unavailable", rpcs=["AppGetOrCreate"])
    with pytest.raises(modal.exception.ServiceError):
        lookup(cloud, "away")
    cloud.control.clear_faults()
    assert lookup(cloud, "away").app_id


def test_one_unavailable_moment_is_tried_again_by_the_sdk(cloud: Cloud) -> None:
    cloud.deploy("blink")
    cloud.control.set_fault("rpc_unavailable", rpcs="all", times=1)
    assert lookup(cloud, "blink").app_id
    assert [c["status"] for c in cloud.control.calls("AppGetOrCreate")] == ["UNAVAILABLE", "OK"]


def test_slow_call_takes_its_time(cloud: Cloud) -> None:
    cloud.deploy("slow")
    cloud.control.set_fault("rpc_slow", seconds=0.5, rpcs=["AppGetOrCreate"], times=1)
    begin = time.monotonic()
    lookup(cloud, "slow")
    assert time.monotonic() - begin >= 0.5


def test_throttled_call_is_resource_exhausted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_MAX_THROTTLE_WAIT", "0")
    cloud.control.set_fault("rpc_throttled", rpcs=["AppGetOrCreate"])
    with pytest.raises(modal.exception.ResourceExhaustedError):
        lookup(cloud, "whatever")


def test_refused_token_is_an_auth_error(cloud: Cloud) -> None:
    cloud.control.set_fault("token_refused", times=1)
    with pytest.raises(modal.exception.AuthError):
        lookup(cloud, "whatever")


def test_late_lines_come_with_their_own_time(cloud: Cloud) -> None:
    fetch(cloud.deploy("late"))
    cloud.control.set_fault("logs_late", seconds=300)
    assert cloud.log("late") == []
    cloud.control.clear_faults()
    assert "engine: ready\n" in cloud.log("late")


def test_doubled_lines_come_twice(cloud: Cloud) -> None:
    fetch(cloud.deploy("twice"))
    once = cloud.log("twice")
    cloud.control.set_fault("logs_doubled")
    assert sorted(cloud.log("twice")) == sorted(once * 2)


def test_without_capacity_the_container_stays_pending_and_costs_nothing(
    cloud: Cloud, threads: ThreadPoolExecutor
) -> None:
    url = cloud.deploy("pending")
    cloud.control.set_fault("no_capacity", app="pending")
    waiting = threads.submit(fetch, url)
    (container,) = wait_until(lambda: cloud.containers("pending"))
    listed = cloud.cli("container", "list", "--json").stdout
    assert '"start_time": "Pending"' in listed
    assert container["started_at"] == 0
    cloud.control.clear_faults()
    assert waiting.result().status == 200


def test_stranger_is_a_container_nobody_asked_for(cloud: Cloud) -> None:
    cloud.deploy("stranger")
    container_id = cloud.control.add_stranger("stranger")
    assert container_id in cloud.cli("container", "list", "--json").stdout
    cloud.stop_container(container_id)
    assert cloud.containers("stranger", running=True) == []
    with pytest.raises(ControlError, match="app_name"):
        cloud.control.add_stranger("nobody")


def test_engine_is_told_its_fault(cloud: Cloud) -> None:
    url = cloud.deploy("told")
    cloud.control.set_fault("boot_dies", at="weights", log="no memory", exit_code=9, times=1, app="told")
    told = fetch(url).json()["SANDBOX_FAULT"]
    assert told == '{"kind": "die", "at": "weights", "log": "no memory", "exit_code": 9}'


def test_control_api_refuses_a_wrong_token_and_names_wrong_fields(cloud: Cloud) -> None:
    stranger = ControlClient(cloud.sandbox.web_url + "/_sandbox", "wrong")
    with pytest.raises(ControlError, match="token"):
        stranger.counts()
    with pytest.raises(ControlError, match="name: no fault is called 'explode'"):
        cloud.control.set_fault("explode")
    with pytest.raises(ControlError, match="rpcs: must be given as list"):
        cloud.control.set_fault("rpc_unavailable", rpcs=3)
    with pytest.raises(ControlError, match="container_id"):
        cloud.control.preempt("ta-nothing")


def test_log_can_be_followed_and_filtered_by_container(cloud: Cloud) -> None:
    fetch(cloud.deploy("follow"))
    container = cloud.ready("follow")
    app = lookup(cloud, "follow")
    assert "engine: ready\n" in [entry.message for entry in app.logs.tail(50)]
    function = cloud.function("follow")
    entries = list(function.logs.fetch(since=datetime.now(UTC) - timedelta(hours=1), until=datetime.now(UTC)))
    assert {
        entry.context.container_id if hasattr(entry, "context") else container["id"] for entry in entries
    } == {container["id"]}
    followed = [entry.message for entry in app.logs.stream(timeout=0.5)]
    assert "engine: ready\n" in followed
