"""The page, REST and Prometheus say the same of the panel, and cost the provider nothing."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from controlpanel.oncall import pages, prometheus, queues
from deployments.models import Account, ErrorSource, Heartbeat, KeptError, LookGaps
from deployments.services import kept_errors, look_gaps
from gateway.door.usage_rows import write_usage
from gateway.models import UsageRecord
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-twenty-characters"


@pytest.fixture
def read(client: Client, settings: object) -> Iterator[Callable[[], dict[str, object]]]:
    """The samples of /metrics by name, the labels as text."""
    settings.PROMETHEUS_TOKEN = TOKEN
    prometheus.forget()

    def get() -> dict[str, object]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.content.decode())
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in families
            for sample in family.samples
        }

    yield get
    prometheus.forget()


def usage(number: int, **values: object) -> UsageRecord:
    row = {"deployment_slug": "ready", "path": "/v1/chat/completions", "status": 200, "outcome": "ok"}
    return UsageRecord(
        request_id=f"r{number}", started_at=timezone.now(), duration_s=1.0, **{**row, **values}
    )


def test_the_page_shows_what_is_wrong_with_its_runbook(
    browser: Callable[..., Client],
    states: States,
) -> None:
    states.ready()
    Account.objects.update(is_sandbox=False, environment="prod")
    kept_errors.keep(
        ErrorSource.PROVIDER, "Looking at Fake", "refused: MODAL_TOKEN_SECRET=as-0123456789abcdef00"
    )
    page = browser().get("/on-call/").content.decode()
    assert '<tr data-check="broker" data-verdict="bad">' in page
    assert '/on-call/runbooks/#runbook-worker"' in page
    assert "as-0123456789abcdef00" not in page
    assert "--env prod --yes" in page
    assert "Something has to be mended" in page


@pytest.mark.parametrize("state", ["failed", "degraded", "unknown"])
def test_all_is_well_only_where_every_server_is_too(
    browser: Callable[..., Client], states: States, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Beside a panel of which each part is well."""
    of_servers = ("failed", "degraded", "unknown")
    parts = pages.verdicts
    monkeypatch.setattr(pages, "verdicts", lambda known: [c for c in parts(known) if c.id in of_servers])
    states.asleep("fine", "Fine")
    client = browser()
    assert "All is well." in client.get("/on-call/state/").content.decode()
    {"failed": states.failed, "degraded": states.degraded, "unknown": states.asleep}[state]("odd")
    if state == "unknown":
        states.blind()
    page = client.get("/on-call/state/").content.decode()
    assert "All is well." not in page
    assert '<a href="/deployments/odd/">' in page.split("</p>")[0]
    assert f'<tr data-check="{state}" data-verdict="bad"><th scope="row"><a href="/deployments/odd/">' in page


def test_rest_says_the_same(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    states.failed("odd")
    found = browser().get("/api/v1/on-call").json()
    assert found["verdict"] == "bad"
    assert {"id", "title", "verdict", "value", "detail", "runbook", "deployment"} == set(found["checks"][0])
    told = {check["id"]: check["deployment"] for check in found["checks"]}
    assert (told["failed"], told["degraded"], told["database"]) == ("odd", None, None)
    assert [one["deployment"] for one in found["observer_lags"]] == ["ready"]


def test_the_page_costs_as_many_queries_for_many_deployments(
    browser: Callable[..., Client],
    states: States,
    django_assert_max_num_queries: Callable,
) -> None:
    client = browser()
    for number in range(6):
        states.ready(f"one-{number}")
    with django_assert_max_num_queries(60):
        client.get("/on-call/")


def test_freezing_says_that_no_worker_will_carry_it_out(
    browser: Callable[..., Client],
    states: States,
) -> None:
    states.ready()
    Account.objects.update(is_sandbox=False)
    client = browser()
    page = client.get("/freeze/", headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<dialog id="freeze"')
    assert "No worker has reported" in page
    assert "modal app stop" in page
    assert "no worker runs to carry it out" in client.post("/freeze/", follow=True).content.decode()
    Heartbeat.objects.create(name="worker", at=timezone.now())
    assert "No worker has reported" not in client.get("/freeze/").content.decode()


def test_gaps_count_only_between_looks_at_what_was_lit(states: States) -> None:
    made, now = states.ready(), timezone.now()
    for gap_s in (0, 2, 5):
        before = LookGaps.objects.filter(pk=made.pk).values_list("at", flat=True).first()
        now += timedelta(seconds=gap_s)
        look_gaps.note({made.pk: before}, now)
    look_gaps.note({made.pk: now + timedelta(seconds=60)}, now + timedelta(seconds=600))  # it slept meanwhile
    assert LookGaps.objects.get().gaps_s == [2.0, 5.0]


def test_the_same_error_is_one_row_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_errors, "MOST_KEPT", 3)
    for number in (1, 1, 2, 3, 4):
        kept_errors.keep(ErrorSource.TASK, "observe", f"boom {number}")
    assert sorted(KeptError.objects.values_list("text", "times")) == [
        ("boom 2", 1),
        ("boom 3", 1),
        ("boom 4", 1),
    ]


def test_without_a_token_there_is_no_such_address(client: Client, settings: object) -> None:
    settings.PROMETHEUS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    settings.PROMETHEUS_TOKEN = TOKEN
    for wrong in ({}, {"Authorization": "Bearer nö"}, {"Authorization": f"Basic {TOKEN}"}):
        assert client.get("/metrics", headers=wrong).status_code == 401


def test_prometheus_is_told_what_the_gateways_counted(
    read: Callable[[], dict[str, object]],
    states: States,
) -> None:
    states.ready()
    states.asleep()
    rows = [usage(1, first_byte_s=0.2), usage(2, first_byte_s=7.0), usage(3, status=503)]
    write_usage(rows)
    write_usage(rows)  # a batch that is repeated counts once
    write_usage([usage(4, deployment_slug="gone")])
    found = read()
    assert found["pilotlight_requests_total[('class', '2xx'), ('deployment', 'ready')]"] == 2
    assert found["pilotlight_requests_total[('class', '5xx'), ('deployment', 'ready')]"] == 1
    bucket = "pilotlight_time_to_first_token_seconds_bucket[('deployment', 'ready'), ('le', '{}')]"
    assert [found[bucket.format(le)] for le in ("0.1", "0.25", "5.0", "10.0", "+Inf")] == [0, 1, 1, 2, 2]
    assert found["pilotlight_lit_containers[('deployment', 'ready')]"] == 1
    assert found["pilotlight_deployment_state[('deployment', 'asleep'), ('state', 'asleep')]"] == 1
    assert found["pilotlight_price_usd_per_hour[]"] > 0
    assert found["pilotlight_broker_up[]"] == 0
    assert not any("gone" in name for name in found)


def test_many_scrapes_count_once(
    read: Callable[[], dict[str, object]], django_assert_num_queries: Callable
) -> None:
    read()
    with django_assert_num_queries(0):
        read()


def test_the_oldest_message_tells_how_long_it_waits() -> None:
    message = json.dumps({"headers": {"pilotlight_sent_at": 100.0}}).encode()
    assert queues._age(message, 130.0) == 30.0
    assert queues._age(b"{}", 130.0) is None
    assert queues._age(None, time.time()) is None
