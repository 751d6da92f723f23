"""The status over REST, at once and when a state is reached."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from deployments.api import status as status_module
from deployments.api import waiting
from deployments.models import Account, Budget, Lease
from deployments.planning.lifecycle import State
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]
CONTRACT = {
    "state", "sentence", "since", "phase", "eta_s", "price_usd_per_hour", "cost_so_far_usd", "idle_s",
    "goes_out_at", "leases", "in_flight", "observed_at", "endpoint_url",
}  # fmt: skip


@pytest.mark.parametrize(
    "state", ["off", "asleep", "deploying", "waking", "ready", "degraded", "stopping", "failed"]
)
def test_every_state_is_told(caller: Make, states: States, state: str) -> None:
    getattr(states, state)()
    status = caller(Role.VIEWER).get(f"/deployments/{state}/status")
    assert status["state"] == state
    assert set(status) >= CONTRACT
    assert status["sentence"]
    assert all(isinstance(status[name], str) for name in ("price_usd_per_hour", "cost_so_far_usd"))
    assert status["observed_at"].endswith("Z")


def test_waking_tells_its_phase_and_its_time(caller: Make, states: States) -> None:
    states.waking()
    status = caller().get("/deployments/waking/status")
    assert (status["phase"], status["progress"]) == ("weights", 0.62)
    assert 150 < status["eta_s"] < 170  # 275 s usually, 109 s gone
    assert [lease["holder"] for lease in status["leases"]] == ["Ada"]
    assert [phase["status"] for phase in status["run"]["phases"]][-1] == "now"


def test_waiting_requests_are_told_apart_from_those_in_flight(caller: Make, states: States) -> None:
    made = states.waking()
    states.in_flight(made, "Ben", 0, waiting=2)
    states.in_flight(made, "Ada", 0, waiting=1)
    status = caller(Role.VIEWER).get("/deployments/waking/status")
    assert (status["in_flight"], status["in_flight_by"], status["waiting"]) == (0, [], 3)
    assert status["waiting_by"] == [{"holder": "Ada", "count": 1}, {"holder": "Ben", "count": 2}]
    assert status["sentence"].startswith("Waking for Ada and 3 waiting requests.")


def test_failed_tells_why(caller: Make, states: States) -> None:
    states.failed()
    failure = caller().get("/deployments/failed/status")["failure"]
    assert "KV cache" in failure["evidence"]
    assert failure["burned_usd"] == "1.5"


def test_unknown_while_the_provider_is_silent(caller: Make, states: States) -> None:
    states.ready()
    states.blind()
    assert caller().get("/deployments/ready/status")["state"] == "unknown"


def test_waiting_ends_when_the_state_is_reached(
    caller: Make, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    states.asleep()
    looks = iter([State.WAKING, State.WAKING, State.READY])
    monkeypatch.setattr(waiting, "POLL_S", 0.0)
    told = waiting_states(monkeypatch, looks)
    status = caller().get("/deployments/asleep/status?wait_for=ready&timeout_s=5")
    assert status["waited"]["reached"] is True
    assert status["waited"]["ended_by"] == "reached"
    assert told == [State.WAKING, State.WAKING, State.READY]


def waiting_states(monkeypatch: pytest.MonkeyPatch, looks: Any) -> list[State]:
    """Have the status be in these states, one after the other."""
    real, told = status_module.status_of, []

    def status_of(*args: Any, **kwargs: Any) -> Any:
        told.append(next(looks))
        return replace(real(*args, **kwargs), state=told[-1])

    monkeypatch.setattr(status_module, "status_of", status_of)
    return told


@pytest.mark.parametrize("state", ["off", "asleep", "failed"])
def test_waiting_for_what_does_not_come_ends_at_once(caller: Make, states: States, state: str) -> None:
    getattr(states, state)()
    waited = caller().get(f"/deployments/{state}/status?wait_for=ready&timeout_s=300")["waited"]
    assert (waited["reached"], waited["ended_by"]) == (False, "settled")
    assert state in waited["message"]


def test_waiting_for_no_time_looks_once(caller: Make, states: States) -> None:
    states.waking()
    waited = caller().get("/deployments/waking/status?wait_for=ready&timeout_s=0")["waited"]
    assert waited["ended_by"] == "timeout"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("wait_for=lit", "wait_for"),
        ("wait_for=ready&timeout_s=301", "timeout_s"),
        ("timeout_s=-1", "timeout_s"),
        ("wait_for=ready&timeout_s=nan", "timeout_s"),
        ("wait_for=%00", "wait_for"),
    ],
)
def test_wrong_wait_is_named(caller: Make, states: States, query: str, field: str) -> None:
    states.asleep()
    response: Any = caller()("get", f"/deployments/asleep/status?{query}")
    assert (response.status_code, list(response.json()["fields"])) == (422, [field])


def test_quote_adds_up(caller: Make, states: States) -> None:
    states.asleep()
    viewer = caller(Role.VIEWER)
    quote = viewer.get("/deployments/asleep/quote")
    parts = [Decimal(part["usd"]) for part in quote["parts"] if part["usd"] is not None]
    assert sum(parts) == Decimal(quote["total_usd"])
    assert quote["price_usd_per_hour"] == "36.3168"
    assert (quote["budget_left_usd"], quote["budget_left_after_usd"]) == (None, None)
    assert Decimal(quote["dedicated_month_usd"]) == Decimal("25637.60")  # 730 h x 35.12
    assert Decimal(quote["always_on_month_usd"]) == 730 * Decimal("37.461312")
    assert (quote["break_even_hours_per_day"], quote["history_runs"]) == (22.5, 0)
    put = {"scope": "panel", "set_at": states.now, "set_by_name": "Ada"}
    Budget.objects.create(amount_usd=100, **put)
    Budget.objects.create(amount_usd=5, period="day", **put)
    quote = viewer.get("/deployments/asleep/quote")
    left = Decimal(quote["budget_left_usd"]), Decimal(quote["budget_left_after_usd"])
    assert left == (5, 5 - Decimal(quote["total_usd"]))


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "tomorrow", "1764612000"])
def test_quote_names_a_wrong_time(caller: Make, states: States, until: str) -> None:
    states.asleep()
    response: Any = caller()("get", f"/deployments/asleep/quote?until={until}")
    assert (response.status_code, list(response.json()["fields"])) == (422, ["until"])


def test_status_of_the_sandbox_says_so(caller: Make, states: States) -> None:
    states.asleep()
    Account.objects.update(is_sandbox=True)
    assert caller().get("/deployments/asleep/status")["is_sandbox"] is True


def test_started_deployment_is_not_settled(caller: Make, states: States) -> None:
    states.asleep()
    caller().post("/deployments/asleep/start")
    assert Lease.objects.count() == 1
    waited = caller().get("/deployments/asleep/status?wait_for=ready&timeout_s=0")["waited"]
    assert waited["ended_by"] == "timeout"
