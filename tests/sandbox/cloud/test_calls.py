"""Functions without a web server: spawned, waited for, cancelled."""

import modal
import pytest

from .conftest import Cloud, wait_until

pytestmark = pytest.mark.slow


def test_spawned_call_runs_in_a_cpu_container_that_ends_after_it(cloud: Cloud) -> None:
    cloud.deploy("spawn")
    call = cloud.function("spawn", "work").spawn("weights")
    again = modal.FunctionCall.from_id(call.object_id, client=cloud.client)
    assert again.get(timeout=20) == {"did": "weights"}
    assert again.get(timeout=0) == {"did": "weights"}
    (container,) = wait_until(lambda: cloud.containers("spawn", running=False))
    assert (container["function"], container["gpu_count"], container["exit_code"]) == ("work", 0, 0)
    assert "work: weights\n" in cloud.log("spawn")


def test_call_that_is_not_done_times_out_at_once(cloud: Cloud) -> None:
    cloud.deploy("undone")
    call = cloud.function("undone", "work").spawn("x", wait=True)
    with pytest.raises(TimeoutError):
        call.get(timeout=0)
    call.cancel()
    with pytest.raises(modal.exception.Error):
        call.get(timeout=10)
    wait_until(lambda: not cloud.containers("undone", running=True))


def test_failing_call_raises_what_the_function_raised(cloud: Cloud) -> None:
    cloud.deploy("failing")
    with pytest.raises(ValueError, match="cannot do x"):
        cloud.function("failing", "work").spawn("x", fail=True).get(timeout=20)


def test_blocking_call_gives_its_result(cloud: Cloud) -> None:
    cloud.deploy("remote")
    assert cloud.function("remote", "work").remote("x") == {"did": "x"}


def test_call_writes_to_its_volume_and_commits_it_with_the_sdk(cloud: Cloud) -> None:
    cloud.deploy("keeps")
    assert cloud.function("keeps", "work").remote("x", keep=True) == {"did": "x"}
    volume = modal.Volume.from_name("scratch-of-work", client=cloud.client)
    assert [(entry.path, entry.size) for entry in volume.listdir("/")] == [("kept.txt", 1)]


def test_unknown_call_has_expired(cloud: Cloud) -> None:
    with pytest.raises(modal.exception.OutputExpiredError):
        modal.FunctionCall.from_id("fc-nothing", client=cloud.client).get(timeout=0)
