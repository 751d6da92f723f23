"""Law 4: any process may die at any moment, any task may run twice or never."""

from collections.abc import Callable

import pytest

from deployments.models import Account, Deploy, Deployment, Run, Wake
from deployments.services import deploys, frozen, observe, reconcile, requests
from deployments.services.claims import Claim

from .conftest import Panel, actor


class Killed(BaseException):
    """The worker is gone: nothing after this line runs."""


def _die(*args: object, **kwargs: object) -> None:
    raise Killed


def _two_rounds(panel: Panel) -> None:
    panel.tick()
    panel.tick()


def _forget_claims() -> None:
    """What time does to a dead worker's claims."""
    Deployment.objects.update(reconcile_claimed_until=None)
    Account.objects.update(observe_claimed_until=None)


def test_a_deploy_whose_worker_died_is_finished_by_the_next(panel: Panel) -> None:
    panel.provider.during_deploy = _die
    panel.start()
    with pytest.raises(Killed):
        panel.tick()
    panel.provider.during_deploy = lambda: None
    assert Deploy.objects.get().status == "running"
    panel.queue.clear()
    panel.advance(360, step_s=20)
    assert panel.state() == "ready"
    assert Deploy.objects.get().status == "done"
    assert len(panel.provider.deploys) == 1


def test_a_deploy_that_died_after_the_provider_had_it_is_not_done_twice(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(deploys, "_done", _die)
        panel.start()
        with pytest.raises(Killed):
            panel.tick()
    panel.queue.clear()
    panel.advance(360, step_s=20)
    assert panel.state() == "ready"
    assert len(panel.provider.deploys) == 1


def test_a_wake_whose_sender_died_is_not_sent_twice_while_something_boots(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deployments.services import wakes

    panel.start()
    with monkeypatch.context() as patch:
        patch.setattr(wakes, "_write", _die)
        with pytest.raises(Killed):
            _two_rounds(panel)
    panel.queue.clear()
    _forget_claims()
    panel.advance(400, step_s=20)
    assert panel.state() == "ready"
    assert panel.provider.wake_requests == 1
    assert Wake.objects.get().status == "done"
    assert Run.objects.count() == 1


def test_a_wake_that_never_left_is_sent_after_a_while(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.start()
    with monkeypatch.context() as patch:
        patch.setattr(panel.provider, "send_wake", _die)
        with pytest.raises(Killed):
            _two_rounds(panel)
    panel.queue.clear()
    _forget_claims()
    panel.advance(800, step_s=20)
    assert panel.state() == "ready"
    assert panel.provider.wake_requests == 1


@pytest.mark.parametrize("put_out", [requests.sleep, requests.turn_off])
def test_a_worker_that_dies_while_putting_out_is_followed_by_another(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, put_out: Callable[..., None]
) -> None:
    panel.light()
    put_out(panel.deployment, actor=actor())
    with monkeypatch.context() as patch:
        for name in ("stop_container", "turn_off"):
            patch.setattr(panel.provider, name, _die)
        with pytest.raises(Killed):
            panel.tick()
    panel.queue.clear()
    _forget_claims()
    panel.advance(90)
    assert panel.provider.containers() == []
    assert panel.state() == ("asleep" if put_out is requests.sleep else "off")


def test_every_task_delivered_twice_changes_nothing(panel: Panel) -> None:
    panel.deliver_twice = True
    panel.light()
    requests.sleep(panel.deployment, actor=actor())
    panel.advance(90)
    assert panel.state() == "asleep"
    assert len(panel.provider.deploys) == 1
    assert panel.provider.wake_requests == 1
    assert Run.objects.count() == 1


def test_every_message_lost_costs_rounds_not_correctness(panel: Panel) -> None:
    panel.start()
    end = 0
    while panel.state() != "ready" and end < 60:
        panel.clock.shift(15)
        observe.observe(panel.deployment.account_id, force=True)
        reconcile.reconcile(panel.deployment.pk)
        kept, panel.queue[:] = panel.queue[:1], []
        panel.queue[:] = [m for m in kept if not m[0].endswith("reconcile")]
        panel.work()
        end += 1
    assert panel.state() == "ready"
    assert panel.provider.wake_requests == 1


def test_a_freeze_puts_everything_out_and_nothing_lights_it(panel: Panel) -> None:
    from deployments.planning.power import Role
    from deployments.services.errors import Refused

    panel.light()
    frozen.freeze(actor=actor(), reason="bill")
    panel.advance(30)
    assert panel.state() == "off"
    assert panel.run().end_reason == "frozen"
    with pytest.raises(Refused) as caught:
        panel.start()
    assert caught.value.code == "frozen"
    with pytest.raises(Refused):
        frozen.lift_freeze(actor=actor())
    frozen.lift_freeze(actor=actor(Role.ADMIN))
    panel.light()


def test_a_freeze_during_a_deploy_leaves_nothing_deployed(panel: Panel) -> None:
    panel.provider.during_deploy = lambda: frozen.freeze(actor=actor()) and None
    panel.start()
    panel.advance(60)
    assert panel.provider.find_app(panel.app_name) is None
    assert panel.state() == "off"
    assert panel.provider.wake_requests == 0


def test_two_workers_on_one_deployment_never_both_act(panel: Panel) -> None:
    panel.tick()
    assert Claim(Deployment, panel.deployment.pk, "reconcile").take()
    panel.start()
    assert reconcile.reconcile(panel.deployment.pk) == []
    panel.clock.shift(61)
    assert reconcile.reconcile(panel.deployment.pk) != []
