"""Every way in which a start goes wrong ends out, with its reason, and stays out."""

import pytest

from deployments.models import Account, Deployment, Lease, LogLine, Notice, Run, Wake
from deployments.providers.base import ProviderError
from deployments.services import breaker, deploys, requests, wakes
from deployments.services.claims import Claim
from deployments.services.errors import Refused

from .conftest import Panel, actor

DIED = "pilotlight: engine exited code=1 after=12.0s"


def _is_out_for_good(panel: Panel) -> None:
    panel.advance(60)
    assert panel.provider.containers() == []
    assert panel.provider.find_app(panel.app_name) is None
    assert not Lease.objects.filter(ended_at__isnull=True).exists()
    wakes = panel.provider.wake_requests
    panel.advance(1800, step_s=120)
    assert panel.provider.wake_requests == wakes
    assert panel.state() == "failed"


def test_a_boot_that_dies_is_put_out_with_the_line_that_says_why(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    container = panel.run().container_id
    panel.provider.add_log(
        panel.app_name, "ValueError: No available memory for the cache blocks.", container_id=container
    )
    panel.provider.kill_container(container, line=DIED)
    _is_out_for_good(panel)
    failure = panel.status().failure
    assert failure is not None
    assert "cache blocks" in failure.evidence
    assert failure.burned_usd > 0
    assert LogLine.objects.filter(text__contains="cache blocks").exists()


def test_a_boot_that_hangs_is_put_out_at_its_deadline(panel: Panel) -> None:
    panel.provider.boot_s = None
    panel.start()
    panel.advance(700, step_s=60)
    assert panel.state() == "waking"
    panel.advance(300, step_s=30)
    assert panel.status().failure.reason == "boot_timeout"
    _is_out_for_good(panel)
    assert panel.run().end_reason == "boot_timeout"


def test_a_second_container_before_ready_is_put_out(panel: Panel) -> None:
    panel.start()
    panel.advance(40)
    panel.provider.kill_container(panel.run().container_id)
    _is_out_for_good(panel)
    assert panel.status().failure.reason in ("boot_died", "boot_repeated")


def test_a_second_container_is_blamed_with_the_last_words_of_the_first(panel: Panel) -> None:
    panel.start()
    panel.advance(40)
    first = panel.run()
    panel.provider.kill_container(first.container_id)
    panel.advance(20)
    assert panel.run().pk != first.pk
    Run.objects.filter(pk=first.pk).update(engine_error="ValueError: No available memory")
    Deployment.objects.update(breaker_run=panel.run(), breaker_text="")
    failure = panel.status().failure
    assert failure is not None
    assert failure.evidence == "ValueError: No available memory"


@pytest.mark.parametrize("reason", ["boot_repeated", "wake_failed"])
def test_an_engine_that_died_is_the_reason_whatever_was_seen_first(panel: Panel, reason: str) -> None:
    """Chance decides whether the second container or the wake's answer is judged before the death."""
    panel.start()
    panel.advance(40)
    first = panel.run()
    Run.objects.filter(pk=first.pk).update(
        engine_error="ValueError: No available memory",
        engine_died_at=panel.now,
        ended_at=panel.now,
        end_reason="boot_failed",
    )
    assert breaker.open_breaker(panel.deployment, reason=reason, run_id=None, now=panel.now, text="500")
    failure = panel.status().failure
    assert failure is not None
    assert (failure.reason, failure.evidence) == ("boot_died", "ValueError: No available memory")


def test_the_answer_to_a_wake_is_judged_after_the_look_that_another_worker_makes(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log line of the death is read by that look, or by the one after it."""
    panel.start()
    panel.advance(40)
    wake, looking = Wake.objects.get(), Claim(Account, panel.deployment.account_id, "observe")
    panel.provider.restarts_crashed = False
    panel.provider.kill_container(panel.run().container_id, line=DIED)
    assert looking.take()
    monkeypatch.setattr(wakes, "pause", lambda seconds: looking.release())
    wakes._refused(wake, "500 Internal Server Error", panel.now)
    assert panel.status().failure.reason == "boot_died"


def test_an_engine_that_dies_after_ready_is_put_out(panel: Panel) -> None:
    panel.light()
    panel.provider.begin_request(panel.app_name)
    panel.provider.kill_container(panel.run().container_id, line=DIED)
    _is_out_for_good(panel)
    assert panel.status().failure.reason == "engine_died"
    assert Run.objects.order_by("id").first().end_reason == "engine_died"


def test_a_wake_refused_by_a_dying_engine_names_the_death_and_what_it_burned(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    wake = panel.deployment.wakes.get()
    panel.provider.add_log(panel.app_name, DIED, container_id=panel.run().container_id)
    panel.provider.fail_next("follow_wake", ProviderError("503", permanent=True))
    panel.clock.shift(30)
    assert wakes.hop(wake.pk)
    failure = panel.status().failure
    assert failure is not None
    assert failure.reason == "boot_died"
    assert "engine exited" in failure.evidence
    assert failure.burned_usd > 0
    _is_out_for_good(panel)


def test_a_death_whose_last_words_come_late_still_opens_the_breaker(panel: Panel) -> None:
    panel.light()
    container = panel.run().container_id
    panel.provider.kill_container(container)
    panel.tick()
    panel.provider.add_log(panel.app_name, DIED, container_id=container)
    panel.advance(20)
    assert panel.status().failure.reason == "engine_died"
    assert Run.objects.get(container_id=container).end_reason == "engine_died"


def test_no_machine_in_half_an_hour_gives_up_and_says_so(panel: Panel) -> None:
    panel.provider.queue_s = 10_000
    panel.start()
    panel.advance(2200, step_s=100)
    assert panel.status().failure.reason == "no_capacity"
    assert panel.status().failure.burned_usd == 0
    _is_out_for_good(panel)


def test_a_deploy_refused_for_good_says_the_providers_words(panel: Panel) -> None:
    panel.provider.fail_next("deploy", ProviderError("Secret 'x' not found", permanent=True))
    panel.start()
    panel.advance(20)
    failure = panel.status().failure
    assert failure.reason == "deploy_failed"
    assert "Secret 'x' not found" in failure.evidence
    assert panel.provider.wake_requests == 0


def test_a_deploy_that_fails_for_a_moment_is_tried_again(panel: Panel) -> None:
    panel.provider.fail_next("deploy", ProviderError("UNAVAILABLE", permanent=False))
    panel.start()
    panel.advance(400, step_s=20)
    assert panel.state() == "ready"


def test_a_deploy_that_fails_for_ever_ends(panel: Panel) -> None:
    panel.provider.fail_next("deploy", ProviderError("UNAVAILABLE", permanent=False), times=99)
    panel.start()
    panel.advance(200)
    assert panel.state() == "failed"
    assert panel.provider.call_log.count("deploy") == deploys.ATTEMPTS


def test_a_blind_panel_says_since_when_and_lights_nothing(panel: Panel) -> None:
    panel.light()
    panel.provider.fail_next("containers", ProviderError("UNAVAILABLE: away", permanent=False), times=12)
    panel.advance(90)
    assert panel.state() == "unknown"
    assert "away" in panel.status().sentence.hint
    with pytest.raises(Refused) as caught:
        panel.start()
    assert caught.value.code == "blind"
    panel.advance(60)
    assert panel.state() == "ready"


def test_putting_out_works_while_the_list_cannot_be_read(panel: Panel) -> None:
    panel.light()
    panel.provider.fail_next("containers", ProviderError("UNAVAILABLE", permanent=False), times=6)
    panel.advance(20)
    requests.turn_off(panel.deployment, actor=actor())
    panel.advance(20)
    assert panel.provider.find_app(panel.app_name) is None
    panel.advance(60)
    assert panel.state() == "off"


def test_starting_again_closes_the_breaker(panel: Panel) -> None:
    panel.provider.fail_next("deploy", ProviderError("bad token", permanent=True))
    panel.start()
    panel.advance(30)
    assert panel.state() == "failed"
    panel.light()
    assert Deployment.objects.get().breaker_opened_at is None


def test_a_container_nobody_asked_for_is_a_run_from_outside_and_is_reported(panel: Panel) -> None:
    panel.light()
    panel.advance(1200, step_s=60)
    panel.provider.start_outside(panel.app_name)
    panel.advance(20)
    run = panel.run()
    assert run.cause == "outside"
    assert panel.deployment.actions.filter(verb="outside_wake").count() == 1
    assert Notice.objects.filter(kind="outside").count() == 1
    assert panel.provider.wake_requests == 1


def test_a_stranger_in_the_same_environment_is_no_run(panel: Panel) -> None:
    panel.light()
    stranger = panel.provider.deploy
    spec = type(panel.provider.deploys[0][0])
    other = spec.from_json(panel.deployment.config | {"app_name": "somebody-elses"})
    stranger(other, slug="x", release=1, on_line=lambda line: None, cancelled=lambda: False)
    panel.provider.start_outside("somebody-elses")
    panel.advance(20)
    assert Run.objects.count() == 1


def test_an_app_ended_by_somebody_else_is_noticed(panel: Panel) -> None:
    panel.light()
    panel.provider.turn_off(panel.app_name)
    panel.advance(400, step_s=30)
    assert panel.state() == "off"
    assert not Lease.objects.filter(ended_at__isnull=True).exists()
