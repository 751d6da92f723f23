"""A release that does not become ready, where the panel may go back by itself: once, told, in the dark."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from deployments.models import Action, AutoRollback, Deployment, InFlight, Notice, Run
from deployments.planning.power import Role
from deployments.providers.base import ProviderError
from deployments.services import auto_rollback, breaker, releases, requests

from .conftest import SLUG, Panel, actor

ADMIN = actor(Role.ADMIN)
DIED = "pilotlight: engine exited code=1 after=12.0s"


@pytest.fixture
def proven(panel: Panel) -> Panel:
    """Release 1 was ready once and is asleep; release 2 is made and not started; going back is on."""
    first = releases.create_release(panel.deployment, actor=ADMIN)
    there = panel.provider.deploy(
        releases.checked_spec(first.spec), slug=SLUG, release=1, on_line=print, cancelled=lambda: False
    )
    deployment = panel.deployment
    Deployment.objects.update(
        live_release=first, app_id=there.app_id, endpoint_url=there.endpoint_url, wanted="on",
        auto_rollback=True, app_checked_at=panel.now,
    )  # fmt: skip
    Run.objects.create(
        account=deployment.account, deployment=deployment, release=first, number=1, container_id="ta-0",
        cause="lease", phase="ready", end_reason="idle", first_seen_at=panel.now - timedelta(hours=2),
        started_at=panel.now - timedelta(hours=2), ready_at=panel.now - timedelta(hours=1),
        ended_at=panel.now - timedelta(minutes=30),
    )  # fmt: skip
    panel.tick()
    assert panel.state() == "asleep"
    release(panel, max_num_seqs=16)
    return panel


def release(panel: Panel, **config: object) -> None:
    deployment = panel.deployment
    releases.save_config(deployment, actor=ADMIN, config=deployment.config | config)
    releases.create_release(panel.deployment, actor=ADMIN)


def dies(panel: Panel) -> None:
    """It boots, and its engine dies. What is wrong is seen, and the order to put it out stands."""
    panel.start()
    panel.advance(30, step_s=15)
    panel.provider.restarts_crashed = False
    panel.provider.kill_container(panel.run().container_id, line=DIED)
    panel.tick()


def is_refused(panel: Panel) -> None:
    panel.provider.fail_next("deploy", ProviderError("no such image", permanent=True))
    panel.start()
    panel.tick()


def settles(panel: Panel) -> None:
    panel.advance(100, step_s=20)


def numbers(panel: Panel) -> tuple[int | None, int | None]:
    """The release of the next start, and the one at the provider."""
    deployment = panel.deployment
    current, live = deployment.current_release, deployment.live_release
    return current and current.number, live and live.number


@pytest.mark.parametrize("fails", [dies, is_refused])
def test_the_release_before_it_is_deployed_again_and_sleeps(
    proven: Panel, fails: Callable[[Panel], None]
) -> None:
    asked = proven.provider.wake_requests
    fails(proven)
    settles(proven)
    assert (proven.state(), numbers(proven)) == ("asleep", (3, 3))
    made = proven.deployment.current_release
    assert made is not None
    assert (made.rolled_back_to, made.spec, made.author_name) == (
        1,
        proven.deployment.releases.get(number=1).spec,
        "the panel",
    )
    proven.advance(1800, step_s=600)
    assert proven.provider.containers() == []
    assert proven.provider.wake_requests <= asked + 1, "the failed start is over; nothing lights by itself"
    assert AutoRollback.objects.count() == 1


def test_people_are_told_what_was_done_and_who_was_cut_off(proven: Panel) -> None:
    proven.start(actor(name="Anna"))
    proven.advance(30, step_s=15)
    InFlight.objects.create(
        process="gateway", deployment=proven.deployment, holder_name="Ben", count=0, waiting=2,
        updated_at=proven.now,
    )  # fmt: skip
    proven.provider.kill_container(proven.run().container_id, line=DIED)
    InFlight.objects.update(updated_at=proven.now)
    proven.tick()
    notice = Notice.objects.filter(kind="failed").get()
    assert "was turned off: The engine died before it was ready." in notice.text
    assert "went back to release 1, as release 3. It is deployed again and sleeps" in notice.more
    assert "Cut off: Anna (keeps it lit), Ben (2 requests waiting)." in notice.more
    assert notice.facts["went_back_to"] == "1"
    line = Action.objects.get(verb="auto_rollback")
    assert (line.actor_name, line.target) == ("the panel", "release 3")
    kept = auto_rollback.shown(proven.deployment)
    assert kept is not None
    assert (kept.failed.number, kept.run, kept.redeployed) == (2, Run.objects.get(number=2), True)


def test_started_from_off_it_stays_off_and_the_next_start_uses_the_release_before(proven: Panel) -> None:
    requests.turn_off(proven.deployment, actor=actor(), force=True)
    proven.advance(20)
    dies(proven)
    settles(proven)
    assert (proven.state(), numbers(proven)) == ("failed", (3, None))
    assert proven.provider.find_app(proven.app_name) is None
    assert not AutoRollback.objects.get().redeployed
    proven.start()
    proven.advance(20)
    assert (proven.state(), numbers(proven)) == ("waking", (3, 3))


def test_a_way_back_that_fails_too_is_not_gone_back_from(proven: Panel) -> None:
    dies(proven)
    settles(proven)
    dies(proven)
    settles(proven)
    assert (proven.state(), numbers(proven)[0]) == ("failed", 3)
    assert AutoRollback.objects.count() == 1
    assert proven.deployment.restoring is None


def test_a_way_back_that_cannot_be_deployed_ends_there(proven: Panel) -> None:
    dies(proven)
    proven.provider.fail_next("deploy", ProviderError("no such image", permanent=True))
    settles(proven)
    assert (proven.state(), numbers(proven)) == ("failed", (3, None))
    assert len(proven.provider.deploys) == 2, "releases 1 and 2; the refused one is not repeated"


def test_what_somebody_decides_meanwhile_holds(proven: Panel) -> None:
    dies(proven)
    assert proven.deployment.restoring is not None
    release(proven, max_num_seqs=8)
    settles(proven)
    assert (proven.state(), numbers(proven)) == ("failed", (4, None))


def test_turned_off_meanwhile_it_stays_off(proven: Panel) -> None:
    dies(proven)
    requests.turn_off(proven.deployment, actor=actor(), force=True)
    settles(proven)
    assert proven.deployment.restoring is None
    assert proven.provider.find_app(proven.app_name) is None


def test_turned_off_just_before_the_breaker_opens_it_stays_off(proven: Panel) -> None:
    proven.start()
    proven.advance(30, step_s=15)
    run = proven.run()
    requests.turn_off(proven.deployment, actor=actor(), force=True)
    ordered = proven.deployment.stop_requested_at
    assert breaker.open_breaker(proven.deployment, reason="boot_died", run_id=run.pk, now=proven.now)
    kept = proven.deployment
    assert (kept.stop_by, kept.stop_reason, kept.stop_requested_at) == ("Ada", "turn_off", ordered)
    settles(proven)
    assert not AutoRollback.objects.get().redeployed
    assert proven.deployment.restoring is None
    assert proven.provider.find_app(proven.app_name) is None


def test_it_is_off_unless_it_is_set(proven: Panel) -> None:
    Deployment.objects.update(auto_rollback=False)
    dies(proven)
    settles(proven)
    assert (proven.state(), numbers(proven)[0]) == ("failed", 2)
    assert AutoRollback.objects.count() == 0
    assert "It burned" in Notice.objects.get(kind="failed").more
