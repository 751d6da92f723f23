"""Containers that crash, hang, are stopped or taken away, and what becomes of their inputs."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import modal
import pytest

from .conftest import Cloud, fetch, wait_until

pytestmark = pytest.mark.slow


def wake(cloud: Cloud, threads: ThreadPoolExecutor, url: str, path: str = "/"):
    """A request that waits in the background."""
    return threads.submit(fetch, url + path)


def test_crashing_container_is_started_again_later_and_later(
    cloud: Cloud, threads: ThreadPoolExecutor
) -> None:
    url = cloud.deploy("crash", boot="crash")
    waiting = wake(cloud, threads, url)
    crashed = wait_until(lambda: cloud.containers("crash", running=False)[3:])
    assert crashed[0]["exit_code"] == 1
    lives = sorted(cloud.containers("crash", running=False), key=lambda c: c["enqueued_at"])
    pauses = [after["enqueued_at"] - before["finished_at"] for before, after in itertools.pairwise(lives)]
    # 1, 2, 4 s at speed 100.
    assert pauses[0] >= 0.01
    assert pauses[2] >= 0.04
    assert "engine: no memory left\n" in cloud.log("crash")
    cloud.stop("crash")
    assert waiting.result().status == 404


def test_boot_beyond_the_startup_timeout_is_ended(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("hang", boot="hang", startup=50)
    waiting = wake(cloud, threads, url)
    (first, *_) = wait_until(lambda: cloud.containers("hang", running=False))
    # 50 s at speed 100, on top of the time that Python takes.
    assert first["finished_at"] - first["started_at"] >= 0.5
    assert "Container startup timed out.\n" in cloud.log("hang")
    cloud.stop("hang")
    assert waiting.result().status == 404


def test_engine_that_dies_leaves_the_container_that_does_not_watch_it(cloud: Cloud) -> None:
    url = cloud.deploy("unwatched", supervise=False)
    fetch(url)
    container = cloud.ready("unwatched")
    cloud.control.kill_engine(container["id"])
    assert fetch(url).status == 502
    assert cloud.ready("unwatched")["id"] == container["id"]


def test_input_of_a_crashed_container_runs_on_the_next(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("next")
    fetch(url)
    first = cloud.ready("next")
    waiting = wake(cloud, threads, url, "/slow?s=1")
    wait_until(lambda: cloud.ready("next")["running_inputs"] == 1)
    cloud.control.kill_engine(first["id"])
    assert waiting.result().json()["MODAL_TASK_ID"] != first["id"]
    assert "engine: ended with -9\n" in cloud.log("next")


@pytest.mark.parametrize("how", ["stop", "preempt"])
def test_input_of_a_stopped_container_is_scheduled_again(
    cloud: Cloud, threads: ThreadPoolExecutor, how: str
) -> None:
    url = cloud.deploy(f"again-{how}")
    fetch(url)
    first = cloud.ready(f"again-{how}")
    waiting = wake(cloud, threads, url, "/slow?s=1")
    wait_until(lambda: cloud.ready(f"again-{how}")["running_inputs"] == 1)
    if how == "stop":
        cloud.stop_container(first["id"])
    else:
        cloud.control.preempt(first["id"])
    assert waiting.result().json()["MODAL_TASK_ID"] != first["id"]


def test_graceful_stop_lets_the_input_finish_and_starts_nothing(
    cloud: Cloud, threads: ThreadPoolExecutor
) -> None:
    url = cloud.deploy("gently")
    fetch(url)
    first = cloud.ready("gently")
    waiting = wake(cloud, threads, url, "/slow?s=1.2")
    wait_until(lambda: cloud.ready("gently")["running_inputs"] == 1)
    cloud.stop_container(first["id"], graceful=True)
    assert waiting.result().json()["MODAL_TASK_ID"] == first["id"]
    wait_until(lambda: not cloud.containers("gently", running=True))
    assert len(cloud.containers("gently")) == 1


def test_stopped_container_without_inputs_leaves_the_url_able_to_wake(cloud: Cloud) -> None:
    url = cloud.deploy("nap")
    fetch(url)
    first = cloud.ready("nap")
    cloud.control.preempt(first["id"])
    wait_until(lambda: not cloud.containers("nap", running=True))
    assert fetch(url).json()["MODAL_TASK_ID"] != first["id"]


def test_one_container_takes_no_more_than_max_inputs(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("narrow", max_inputs=2)
    fetch(url)
    waiting = [wake(cloud, threads, url, "/slow?s=0.5") for _ in range(5)]
    stats = wait_until(lambda: (s := cloud.function("narrow").get_current_stats()).backlog == 3 and s)
    assert (stats.num_running_inputs, stats.num_total_runners) == (2, 1)
    assert {future.result().status for future in waiting} == {200}
    assert len(cloud.containers("narrow")) == 1


def test_more_inputs_start_more_containers_up_to_the_limit(cloud: Cloud, threads: ThreadPoolExecutor) -> None:
    url = cloud.deploy("wide", max_inputs=1, max_containers=2)
    waiting = [wake(cloud, threads, url, "/slow?s=0.3") for _ in range(4)]
    assert len({future.result().json()["MODAL_TASK_ID"] for future in waiting}) == 2
    assert len(cloud.containers("wide")) == 2


def test_processes_of_a_container_end_with_it(cloud: Cloud) -> None:
    fetch(cloud.deploy("leaves"))
    container = cloud.ready("leaves")
    cloud.control.preempt(container["id"])
    wait_until(lambda: not cloud.containers("leaves", running=True))
    with pytest.raises(ProcessLookupError):
        os.killpg(container["pid"], 0)
    assert not (cloud.folder / "containers" / container["id"]).exists()


def test_other_containers_engine_cannot_be_killed_through_a_forged_pid(cloud: Cloud) -> None:
    fetch(cloud.deploy("forged"))
    container = cloud.ready("forged")
    (cloud.folder / "containers" / container["id"] / "engine.pid").write_text(str(os.getpid()))
    with pytest.raises(Exception, match="container_id"):
        cloud.control.kill_engine(container["id"])


def test_ended_container_is_still_known(cloud: Cloud) -> None:
    fetch(cloud.deploy("known"))
    container = cloud.ready("known")
    cloud.control.preempt(container["id"])
    wait_until(lambda: not cloud.containers("known", running=True))
    (ended,) = cloud.containers("known")
    assert ended["finished_at"] > ended["started_at"] > ended["enqueued_at"]
    assert modal.App.lookup("known", client=cloud.client).app_id == ended["app_id"]
