"""The state sentence: who, then what, then how long, then how much."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from deployments.planning.lifecycle import State
from deployments.services.sentences import Told, duration, money, sentence

SIX = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
PRICE = Decimal("36.31")


def told(state, **facts):
    return Told(**({"state": state, "name": "GLM", "sandbox": False, "price_per_hour": PRICE} | facts))


SAID = [
    (told(State.OFF), "Off. Not deployed, cannot wake. Costs nothing.", ""),
    (told(State.DEPLOYING, release=14, who="Ada"), "Deploying release 14. Not billed.", "For Ada."),
    (
        told(State.ASLEEP, boot_s=274, boot_usd=Decimal("2.70")),
        "Asleep. Costs nothing. Wakes in about 4 min 34 s for about $2.70.",
        "",
    ),
    (
        told(State.WAKING, who="Ada", phase="weights", progress=0.62, eta_s=180, so_far=Decimal("1.01")),
        "Waking for Ada. Loading weights, 62 %, ready in about 3 min. $1.01 so far.",
        "",
    ),
    (
        told(State.WAKING, who="Ada", waiting=2),
        "Waking for Ada and 2 waiting requests. Asking for a machine. $0.00 so far.",
        "",
    ),
    (
        told(State.WAKING, waiting=1),
        "Waking for 1 waiting request. Asking for a machine. $0.00 so far.",
        "",
    ),
    (
        told(State.DEPLOYING, who="Ada", waiting=1),
        "Deploying. Not billed.",
        "For Ada and 1 waiting request.",
    ),
    (told(State.WAKING), "Waking. Asking for a machine. $0.00 so far.", ""),
    (
        told(State.WAKING, phase="warmup", eta_s=-3, so_far=Decimal("3")),
        "Waking. Warming up, later than usual. $3.00 so far.",
        "",
    ),
    (
        told(State.READY, who="Ada and Ben", idle_s=420, out_in_s=480, so_far=Decimal("4.2")),
        "Ready. Lit for Ada and Ben at $36.31/h. $4.20 so far.",
        "Idle 7 min; goes out within 8 min unless used.",
    ),
    (
        told(State.READY, who="Ada", until=SIX),
        "Ready. Lit for Ada until 18:00 UTC at $36.31/h. $0.00 so far.",
        "Kept warm until then, used or not.",
    ),
    (
        told(State.READY),
        "Ready. Lit at $36.31/h. $0.00 so far.",
        "In use. The idle window begins after the last request.",
    ),
    (
        told(State.STOPPING, stop_by="Ada", so_far=Decimal("5")),
        "Going out. Still billing; $5.00 so far.",
        "Put out by Ada.",
    ),
    (
        told(State.FAILED, title="The engine died", burned=Decimal("1.5")),
        "Failed. The engine died. $1.50 burned.",
        "It is turned off and stays off until somebody starts it.",
    ),
    (
        told(State.UNKNOWN, since=SIX, so_far=Decimal("1"), words="connection refused"),
        "Unknown since 18:00 UTC. It may still be billing.",
        "The provider said: connection refused",
    ),
    (told(State.DEGRADED, text="HTTP 500"), "Lit, but requests fail. $36.31/h. HTTP 500", ""),
    (
        told(State.DEGRADED, since=SIX),
        "Lit, but requests fail. $36.31/h.",
        "Since 18:00 UTC. Its log tells more; Sleep stops the cost.",
    ),
]


@pytest.mark.parametrize(("facts", "words", "hint"), SAID, ids=[words[:40] for _, words, _ in SAID])
def test_sentence(facts, words, hint):
    made = sentence(facts)
    assert (str(made), made.hint) == (words, hint)


@pytest.mark.parametrize("state", list(State))
def test_a_sandbox_says_in_every_state_that_nobody_is_billed(state):
    assert sentence(told(state, sandbox=True)).hint.endswith("Sandbox: nobody is billed.")
    assert "Sandbox" not in sentence(told(state)).hint


def test_a_relit_sleep_is_told():
    assert "brought back" in sentence(told(State.OFF, relit=True)).hint


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-4, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (274, "4 min 34 s"),
        (599.6, "10 min"),
        (900, "15 min"),
        (3599.7, "1 h"),
        (4380, "1 h 13 min"),
        (90000, "25 h"),
    ],
)
def test_durations_as_people_say_them(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("usd", "words"), [("0", "$0.00"), ("2.704", "$2.70"), ("1234.5", "$1,234.50"), ("0.004", "$0.00")]
)
def test_money_to_the_cent(usd, words):
    assert money(Decimal(usd)) == words
