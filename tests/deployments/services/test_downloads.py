"""Weights that are absent: the CPU download is offered, and starting anyway has to be said."""

import pytest

from deployments.models import Download, Run
from deployments.planning.power import Role
from deployments.services import requests
from deployments.services.errors import Refused

from .conftest import Panel, actor


@pytest.fixture
def bare(panel: Panel) -> Panel:
    panel.provider.weights.clear()
    type(panel.deployment).objects.update(weights_present=None, weights_checked_at=None)
    panel.tick()
    assert panel.status().weights_present is False
    return panel


def test_starting_without_weights_is_refused_with_the_price_of_the_download(bare: Panel) -> None:
    with pytest.raises(Refused, match="machine without GPUs") as caught:
        bare.start()
    assert caught.value.code == "weights_absent"
    assert bare.state() == "off"
    assert bare.provider.deploys == []


def test_starting_anyway_has_to_be_said(bare: Panel) -> None:
    bare.start(accept_download=True)
    bare.advance(320, step_s=20)
    assert bare.state() == "ready"
    assert bare.status().weights_present is True


def test_the_download_runs_once_on_a_cpu_and_then_the_weights_are_there(bare: Panel) -> None:
    bare.deliver_twice = True
    requests.start_download(bare.deployment, actor=actor())
    with pytest.raises(Refused, match="under way already"):
        requests.start_download(bare.deployment, actor=actor())
    bare.advance(60)
    run = Run.objects.get()
    assert run.cause == "download"
    assert bare.state() == "asleep"
    bare.advance(700, step_s=60)
    assert Download.objects.get().status == "done"
    assert bare.status().weights_present is True
    run.refresh_from_db()
    assert (run.end_reason, run.gpu_usd) == ("finished", 0)
    assert run.cpu_usd > 0
    assert bare.provider.call_log.count("start_download") == 1
    assert bare.provider.wake_requests == 0


def test_a_cancelled_download_ends_its_container(bare: Panel) -> None:
    requests.start_download(bare.deployment, actor=actor())
    bare.advance(60)
    requests.cancel_download(bare.deployment, actor=actor())
    bare.advance(30)
    assert Download.objects.get().status == "cancelled"
    assert bare.provider.containers() == []


def test_turning_off_ends_a_download_too(bare: Panel) -> None:
    requests.start_download(bare.deployment, actor=actor())
    bare.advance(60)
    requests.turn_off(bare.deployment, actor=actor())
    bare.advance(60)
    assert bare.provider.containers() == []
    assert bare.state() == "off"
    assert not Download.objects.filter(status__in=["requested", "running"]).exists()


def test_a_member_may_not_spend_on_a_download(bare: Panel) -> None:
    with pytest.raises(Refused, match="operator"):
        requests.start_download(bare.deployment, actor=actor(Role.MEMBER))
