from datetime import UTC, datetime, timedelta

import pytest

from controlpanel.oncall.facts import Disk, Facts
from controlpanel.oncall.queues import Broker, Queue
from controlpanel.oncall.verdicts import CHECK_IDS, HEARTBEATS, Verdict, verdicts, worst
from deployments.models import KeptError
from deployments.public import GATEWAY, State, Watch
from deployments.services.look_gaps import Lag, rank
from deployments.services.on_call import BlindAccount, WrongServer

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GIB = 2**30


def watch(**changes: object) -> Watch:
    beats = dict.fromkeys([*HEARTBEATS, f"{GATEWAY}a:1"], NOW - timedelta(seconds=3))
    values = {
        "heartbeats": beats, "lags": [], "blind": [], "old_prices": [], "stale_prices": [], "unsettled": 0,
        "unsettled_since": None, "deliveries_waiting": 0, "deliveries_since": None, "deliveries_given_up": 0,
        "errors": [], "withheld": [], "wrong": [],
    }  # fmt: skip
    return Watch(**{**values, **changes})


def facts(**changes: object) -> Facts:
    values = {
        "at": NOW, "version": "1", "database_s": 0.002,
        "broker": Broker((Queue("control", 0, None),), 0, 0.001),
        "runner_age_s": 2.0, "watch": watch(), "disk": Disk(50 * GIB, 100 * GIB),
    }  # fmt: skip
    return Facts(**{**values, **changes})


def silent(name: str, seconds: float) -> dict[str, datetime]:
    return watch().heartbeats | {name: NOW - timedelta(seconds=seconds)}


def lag(**changes: float) -> Lag:
    values = {"p50_s": 2.0, "p99_s": 3.0, "worst_s": 4.0, "age_s": 1.0, "looks": 100}
    return Lag("glm", "GLM", **{**values, **changes})


def wrong(state: State, ago_s: float) -> WrongServer:
    return WrongServer("glm", "GLM", state, NOW - timedelta(seconds=ago_s), "It died.")


def error(ago_s: float) -> KeptError:
    return KeptError(name="observe", text="boom", last_at=NOW - timedelta(seconds=ago_s))


def test_a_panel_that_is_well_has_every_check_and_all_are_ok() -> None:
    checks = verdicts(facts())
    assert {check.id for check in checks} == set(CHECK_IDS)
    assert worst(checks) is Verdict.OK, [check for check in checks if check.verdict is not Verdict.OK]


@pytest.mark.parametrize(
    ("changes", "name", "verdict"),
    [
        ({"database_s": None, "watch": None}, "database", "bad"),
        ({"database_s": 0.5}, "database", "warn"),
        ({"broker": None}, "broker", "bad"),
        ({"broker": Broker((Queue("control", 3, 90.0),), 0, 0.001)}, "queue", "bad"),
        ({"broker": Broker((Queue("control", 60, 1.0),), 0, 0.001)}, "queue", "warn"),
        ({"watch": watch(heartbeats=silent("worker", 31))}, "worker", "warn"),
        ({"watch": watch(heartbeats=silent("worker", 61))}, "worker", "bad"),
        ({"watch": watch(heartbeats=silent("beat", -120))}, "beat", "bad"),  # the clock was moved back
        ({"watch": watch(heartbeats=silent("deploy worker", 200))}, "deploy-worker", "bad"),
        ({"watch": watch(heartbeats=silent(f"{GATEWAY}a:1", 70))}, "gateway", "bad"),
        ({"runner_age_s": None}, "runner", "bad"),
        ({"watch": watch(lags=[lag(), lag(p99_s=6.0)])}, "observer", "warn"),
        ({"watch": watch(lags=[lag(age_s=31.0)])}, "observer", "bad"),
        ({"watch": watch(blind=[BlindAccount("A", NOW - timedelta(seconds=61), "no")])}, "blind", "bad"),
        ({"watch": watch(blind=[BlindAccount("A", NOW - timedelta(seconds=9), "no")])}, "blind", "warn"),
        ({"watch": watch(stale_prices=["GLM"])}, "prices", "bad"),
        ({"watch": watch(old_prices=["GLM"])}, "prices", "warn"),
        ({"watch": watch(unsettled=1, unsettled_since=NOW - timedelta(hours=2))}, "settle", "bad"),
        ({"watch": watch(deliveries_given_up=1)}, "delivery", "warn"),
        ({"watch": watch(withheld=["no worker has reported for a minute"])}, "deadman", "bad"),
        ({"watch": watch(wrong=[wrong(State.FAILED, 7200)])}, "failed", "bad"),
        ({"watch": watch(wrong=[wrong(State.DEGRADED, 5)])}, "degraded", "bad"),
        ({"watch": watch(wrong=[wrong(State.UNKNOWN, 61)])}, "unknown", "bad"),
        ({"watch": watch(wrong=[wrong(State.UNKNOWN, 9)])}, "unknown", "warn"),
        ({"watch": watch(errors=[error(60)])}, "errors", "warn"),
        ({"watch": watch(errors=[error(1000)])}, "errors", "ok"),
        ({"disk": Disk(GIB // 2, 100 * GIB)}, "disk", "bad"),
        ({"disk": Disk(100 * GIB, 4000 * GIB)}, "disk", "ok"),  # a small share of very much
    ],
)
def test_what_is_not_well_is_told_and_nothing_else(changes: dict, name: str, verdict: str) -> None:
    checks = verdicts(facts(**changes))
    assert {check.verdict for check in checks if check.id == name} == {verdict}
    assert all(check.verdict is Verdict.OK for check in checks if check.id != name)


def test_of_many_that_are_wrong_the_first_are_named_and_the_rest_counted() -> None:
    checks = verdicts(facts(watch=watch(wrong=[wrong(State.UNKNOWN, 61)] * 25)))
    told = [check for check in checks if check.id == "unknown"]
    assert (len(told), told[0].deployment, told[-1].title) == (21, "glm", "5 more servers")


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert rank([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert rank([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert rank([], 0.5) == 0.0
