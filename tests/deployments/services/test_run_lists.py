"""Runs narrowed by everything that can be asked, and the chronicle of one from its rows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from deployments.models import Deployment, Lease, Run
from deployments.planning.power import SYSTEM, Actor, Scope, Via
from deployments.services import chronicling, run_lists, runs
from deployments.services.run_lists import RunFilter
from deployments.services.story import story
from gateway.models import UsageRecord
from tests.deployments.pages.conftest import person
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db


@pytest.fixture
def states() -> States:
    made = States(timezone.now())
    made.ready()
    made.diagnosed()
    return made


def numbers(only: RunFilter, actor: Actor = SYSTEM) -> list[tuple[str, int]]:
    return [(run.slug, run.number) for run in run_lists.listed(actor, only)]


def test_each_part_of_the_filter_narrows(states: States) -> None:
    ready = Deployment.objects.get(slug="ready")
    first = ready.runs.order_by("pk").first()
    assert first is not None
    Run.objects.filter(pk=first.pk).update(lit_for="Ben", cause="outside", end_reason="engine_died")
    assert len(numbers(RunFilter())) == 8
    assert numbers(RunFilter(deployment="failed")) == [("failed", 1)]
    assert numbers(RunFilter(cause="outside")) == numbers(RunFilter(who="Ben")) == [("ready", 1)]
    assert numbers(RunFilter(end="failed")) == [("failed", 1), ("ready", 1)]
    assert numbers(RunFilter(end="engine_died")) == [("ready", 1)]
    assert numbers(RunFilter(end="lit")) == [("ready", 7)]
    assert numbers(RunFilter(found=True)) == [("failed", 1)]
    assert numbers(RunFilter(code="context-exceeds-cache")) == [("failed", 1)]
    assert numbers(RunFilter(code="other")) == numbers(RunFilter(release=2)) == []
    middle = states.ago(70000)
    early, late = numbers(RunFilter(until=middle)), numbers(RunFilter(since=middle))
    assert (len(early), len(late)) == (3, 5)
    limited = Actor(None, "key", frozenset({Scope.READ}), Via.API, deployments=frozenset({"failed"}))
    assert numbers(RunFilter(), limited) == [("failed", 1)]
    assert run_lists.people(limited) == ["Ada"]


def test_a_download_goes_on_over_batches_and_a_page_costs_few_queries(
    states: States, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: object
) -> None:
    monkeypatch.setattr(run_lists, "_BATCH", 3)
    found = [run.id for run in run_lists.every(SYSTEM, RunFilter())]
    assert found == list(Run.objects.order_by("-pk").values_list("pk", flat=True))
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        bare = run_lists.listed(SYSTEM, RunFilter())
    whole = run_lists.phased(SYSTEM, RunFilter())
    assert any(run.phases for run in whole)
    ended = [replace(run, phases=(), usual_starts=0, usual_of_release=False) for run in whole if run.ended_at]
    assert ended == [run for run in bare if run.ended_at]


def test_a_chronicle_tells_what_came_through_the_door(states: States) -> None:
    anna = person(None, "anna")
    deployment = Deployment.objects.select_related("account").get(slug="ready")
    run = deployment.runs.exclude(ended_at=None).latest("pk")
    assert run.ready_at is not None
    lease = Lease.objects.create(
        deployment=deployment, holder=anna, holder_name="Anna", via="api", created_at=run.first_seen_at,
        ended_at=run.ended_at, end_reason="idle", quoted_usd=Decimal("2.70"),
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(lease=lease)
    for number, outcome in enumerate(("ok", "ok", "engine_error", "client_left", "refused")):
        UsageRecord.objects.create(
            request_id=f"r{number}", deployment_id=deployment.pk, user=anna, path="/v1/chat/completions",
            status=200, started_at=run.ready_at + timedelta(seconds=60 * number), first_byte_s=0.5,
            duration_s=5, prompt_tokens=100, completion_tokens=10, outcome=outcome,
        )  # fmt: skip
    known = chronicling.of(runs.run_of(deployment, run.pk), deployment)
    assert (known.served.requests, known.served.failed, known.served.left) == (4, 1, 1)
    assert known.served.by == (("anna", 4),)
    assert known.served.first_answer_at == run.ready_at + timedelta(seconds=0.5)
    assert len(known.busy) == 4
    told = " ".join(story(known))
    assert "Anna lit it over REST" in told
    assert (
        "4 requests came from anna: 400 tokens read and 40 tokens written. 1 failed and 1 was broken off"
        in told
    )
