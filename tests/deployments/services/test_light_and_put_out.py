"""The main job: lit by a lease, seen phase by phase, put out."""

from datetime import timedelta
from decimal import Decimal

import pytest

from deployments.models import Action, Deploy, Lease, LogLine, Run, Wake
from deployments.planning.power import Role
from deployments.services import requests, runs
from deployments.services.errors import Refused

from .conftest import Panel, actor


def test_a_start_deploys_wakes_and_becomes_ready(panel: Panel) -> None:
    assert panel.state() == "off"
    panel.start(reason="try it")
    assert panel.state() == "deploying"
    panel.tick()
    panel.advance(30)
    assert panel.state() == "waking"
    assert panel.status().run is not None
    panel.advance(280)
    assert panel.state() == "ready"
    assert panel.provider.wake_requests == 1
    assert len(panel.provider.deploys) == 1
    run = panel.run()
    assert (run.cause, run.lit_for) == ("lease", "Ada")
    assert LogLine.objects.filter(run=run, text__contains="startup complete").count() == 1
    names = [phase.name for phase in runs.run_of(panel.deployment, run.pk).phases]
    assert names[:2] == ["queued", "container"]
    assert "weights" in names
    assert "warmup" in names


def test_it_goes_out_by_itself_one_window_after_ready(panel: Panel) -> None:
    panel.light()
    ready_at = panel.run().ready_at
    panel.advance(1200, step_s=60)
    run = panel.run()
    assert panel.state() == "asleep"
    assert run.end_reason == "idle"
    assert run.ended_at - ready_at <= timedelta(seconds=960)
    assert Lease.objects.get().end_reason == "idle"
    assert panel.provider.wake_requests == 1


def test_a_run_costs_its_seconds_by_part_and_resource(panel: Panel) -> None:
    panel.light()
    panel.advance(1200, step_s=60)
    run = panel.run()
    seconds = Decimal(str((run.ended_at - run.started_at).total_seconds()))
    assert abs(run.gpu_usd - seconds * 8 * Decimal("0.001261")) <= Decimal("1e-6")
    assert run.boot_usd + run.use_usd + run.idle_usd == run.cost_usd
    assert run.gpu_usd + run.cpu_usd + run.memory_usd == run.cost_usd


def test_sleep_keeps_the_endpoint_and_turn_off_ends_it(panel: Panel) -> None:
    panel.light()
    requests.sleep(panel.deployment, actor=actor())
    assert panel.state() == "stopping"
    panel.advance(20)
    assert panel.state() == "asleep"
    assert panel.run().end_reason == "slept"
    assert panel.deployment.app_id
    requests.turn_off(panel.deployment, actor=actor())
    panel.advance(20)
    assert panel.state() == "off"
    assert panel.provider.find_app(panel.app_name) is None


def test_sleeping_while_it_wakes_turns_it_off(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    assert panel.state() == "waking"
    requests.sleep(panel.deployment, actor=actor())
    panel.advance(30)
    assert panel.state() == "off"
    assert panel.provider.containers() == []
    panel.advance(600, step_s=60)
    assert panel.provider.containers() == []


def test_sleep_under_load_waits_then_never_relights(panel: Panel) -> None:
    panel.light()
    panel.provider.begin_request(panel.app_name)
    panel.advance(10)
    requests.sleep(panel.deployment, actor=actor())
    panel.advance(60)
    assert panel.state() == "stopping"
    panel.advance(120)
    assert panel.state() in ("off", "asleep")
    panel.advance(900, step_s=60)
    assert panel.provider.containers() == []
    assert panel.deployment.relit_warning


def test_a_request_that_ends_in_time_lets_it_sleep_softly(panel: Panel) -> None:
    panel.light()
    request = panel.provider.begin_request(panel.app_name)
    panel.advance(10)
    requests.sleep(panel.deployment, actor=actor())
    panel.advance(10)
    panel.provider.end_request(request)
    panel.advance(20)
    assert panel.state() == "asleep"


def test_two_starts_at_once_are_one_deploy_and_one_run(panel: Panel) -> None:
    panel.start(actor(name="Ada"))
    panel.start(actor(name="Ben"))
    panel.deliver_twice = True
    panel.advance(320, step_s=20)
    assert panel.state() == "ready"
    assert len(panel.provider.deploys) == 1
    assert panel.provider.wake_requests == 1
    assert Run.objects.count() == 1
    assert "Ada and Ben" in str(panel.status().sentence)


def test_a_start_while_it_goes_out_lights_it_again_afterwards(panel: Panel) -> None:
    panel.light()
    requests.turn_off(panel.deployment, actor=actor())
    panel.start()
    panel.advance(400)
    assert panel.state() == "ready"
    assert Run.objects.count() == 2


def test_someone_else_using_it_keeps_a_member_from_putting_it_out(
    panel: Panel, django_user_model: type
) -> None:
    ada = django_user_model.objects.create_user("ada")
    ben = django_user_model.objects.create_user("ben")
    panel.light(who=actor(name="Ada", user_id=ada.pk))
    with pytest.raises(Refused) as caught:
        requests.sleep(panel.deployment, actor=actor(Role.MEMBER, name="Ben", user_id=ben.pk))
    assert caught.value.code == "in_use"
    assert caught.value.fields["in_use_by"] == ["Ada"]
    with pytest.raises(Refused, match="Force needs an operator"):
        requests.sleep(panel.deployment, actor=actor(Role.MEMBER, name="Ben", user_id=ben.pk), force=True)
    requests.sleep(panel.deployment, actor=actor(name="Ben", user_id=ben.pk), force=True)
    panel.advance(15)
    assert panel.state() == "asleep"


def test_giving_back_the_last_lease_puts_it_out(panel: Panel, django_user_model: type) -> None:
    ada = django_user_model.objects.create_user("ada")
    lease = panel.light(who=actor(name="Ada", user_id=ada.pk))
    requests.give_back(lease.pk, actor=actor(Role.MEMBER, name="Ada", user_id=ada.pk))
    panel.advance(20)
    assert panel.state() == "asleep"


def test_every_spending_act_is_in_the_record(panel: Panel) -> None:
    panel.light(reason="release notes")
    requests.sleep(panel.deployment, actor=actor())
    verbs = list(Action.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["release", "start", "sleep"]
    assert Action.objects.get(verb="start").usd == Lease.objects.get().quoted_usd


def test_nothing_stays_open_after_it_went_out(panel: Panel) -> None:
    panel.light()
    panel.advance(1200, step_s=60)
    assert not Wake.objects.filter(status__in=["requested", "sent"]).exists()
    assert not Deploy.objects.filter(status__in=["pending", "running"]).exists()
    assert not Lease.objects.filter(ended_at__isnull=True).exists()
