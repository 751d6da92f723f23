"""When a lit server is called degraded, and when it is well again."""

from datetime import UTC, datetime, timedelta

import pytest

from deployments.metrics.health import Ended, judge

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(minutes=4)


def ended(text: str, *, every_s: float = 2.0, last_s: float = 1.0) -> list[Ended]:
    """One request for each letter, oldest first: x failed, a was answered."""
    count = len(text)
    return [
        Ended(NOW - timedelta(seconds=last_s + (count - 1 - place) * every_s), letter == "x")
        for place, letter in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("text", "degraded"),
    [
        ("", False),
        ("x", False),  # one failure alone may be that request's own
        ("xx", True),
        ("ax", False),
        ("axax", True),  # 2 of 4
        ("aaaxaaax", False),  # 2 of 8
        ("aaaaxaaxaaaxaaa", True),  # 3 of 15: 20 %
        ("aaaaxaaxaaaxaaaa", False),  # 3 of 16
    ],
)
def test_it_is_degraded_where_enough_of_the_last_minute_failed(text: str, degraded: bool) -> None:
    told = judge(ended(text), None, NOW)
    assert (told.since is not None) is degraded
    assert (told.failed, told.ended) == (text.count("x"), len(text))


def test_a_tenth_of_a_lot_is_enough() -> None:
    assert judge(ended("aaaaaaaaax" * 10, every_s=0.5), None, NOW).since is not None
    assert judge(ended("aaaaaaaaaaax" * 9, every_s=0.5), None, NOW).since is None


def test_since_is_the_first_failure_of_the_spell() -> None:
    told = judge(ended("axxx", every_s=5), None, NOW)
    assert told.since == NOW - timedelta(seconds=11)


def test_failures_of_more_than_a_minute_ago_begin_no_spell() -> None:
    assert judge(ended("xxxx", last_s=61), None, NOW).since is None


@pytest.mark.parametrize(
    ("text", "last_s", "over"),
    [
        ("xxx", 1, False),
        ("xxx", 300, False),  # nobody asked since: nothing is known, so it stays
        ("xxxaa", 28, False),
        ("xxxaaa", 20, False),  # answered three times, but half a minute has not passed since the failure
        ("xxxaaa", 28, True),
        ("xxxaaaaxa", 28, False),  # it failed again between
        ("xxx", 600, True),  # ten minutes old
        ("", 0, True),
        ("aaaa", 1, True),
    ],
)
def test_it_is_well_again_after_calm_and_answers(text: str, last_s: float, over: bool) -> None:
    told = judge(ended(text, last_s=last_s), BEFORE, NOW)
    assert told.since == (None if over else BEFORE)


def test_a_server_that_fails_now_and_then_does_not_flicker() -> None:
    since, told, moments = None, [], ended("xx" + "aaaaaaaaax" * 6, every_s=3)
    for one in moments:
        since = judge([e for e in moments if e.at <= one.at], since, one.at).since
        told.append(since is not None)
    assert told.index(True) == 1
    assert all(told[1:])  # a failure each half minute: it never was calm for so long
