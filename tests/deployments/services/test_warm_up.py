"""The warm-up right after ready: once for each run, no use of anybody's, and harmless where it fails."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deployments.models import Deployment
from deployments.planning.presets import GLM_5_2_FP8
from deployments.providers.base import ProviderError
from deployments.services import requests, warm_up

from .conftest import Panel, actor


@pytest.fixture
def warming(panel: Panel) -> Panel:
    Deployment.objects.update(warm_up=True)
    return panel


def test_every_length_is_sent_once_however_often_it_is_asked_for(warming: Panel) -> None:
    warming.deliver_twice = True
    warming.light()
    run = warming.run()
    assert warming.provider.call_log.count("warm_up") == len(warm_up.LENGTHS)
    assert not warm_up.warm_up(run.pk)
    assert (run.warmed_at is not None, run.warm_up_error) == (True, "")
    assert (warming.deployment.last_use_at, run.busy_s) == (None, 0)
    warming.advance(1000, step_s=60)
    assert warming.state() == "asleep"  # one idle window after it, not more
    assert warming.provider.call_log.count("warm_up") == len(warm_up.LENGTHS)
    assert warming.run().boot_ended_at == run.warmed_at


def test_a_failure_is_kept_and_changes_nothing_else(warming: Panel) -> None:
    warming.provider.fail_next("ping", ProviderError("The server answered 500", permanent=False))
    warming.light()
    assert warming.run().warm_up_error == "The server answered 500"
    warming.advance(60)
    assert warming.state() == "ready"


def test_what_is_put_out_or_was_ready_long_ago_is_not_warmed_up(warming: Panel) -> None:
    Deployment.objects.update(warm_up=False)
    warming.light(until=warming.now + timedelta(hours=2))
    warming.advance(300, step_s=60)
    Deployment.objects.update(warm_up=True)
    warming.advance(60)
    assert "warm_up" not in warming.provider.call_log


@pytest.mark.parametrize("act", [requests.sleep, requests.turn_off])
def test_putting_it_out_ends_the_warm_up(warming: Panel, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    send = warming.provider.warm_up

    def put_out_meanwhile(*args: Any, **options: Any) -> None:
        send(*args, **options)
        act(warming.deployment, actor=actor(), force=True)

    monkeypatch.setattr(warming.provider, "warm_up", put_out_meanwhile)
    warming.start()
    warming.advance(320, step_s=20)
    assert warming.provider.call_log.count("warm_up") == 1
    assert "put out" in warming.run().warm_up_error


def test_prompts_stay_within_the_context() -> None:
    small = warm_up.bodies(replace(GLM_5_2_FP8, max_model_len=4096))
    assert [len(json.loads(body)["prompt"].split()) for body in small] == [16, 512]
    assert json.loads(small[0])["model"] == GLM_5_2_FP8.served_name
