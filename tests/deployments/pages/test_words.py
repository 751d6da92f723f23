"""Figures as people read them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from deployments.pages import words
from deployments.templatetags import panel

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        ("0", "$0.00"),
        ("0.004", "under $0.01"),
        ("2.7", "$2.70"),
        ("2.705", "$2.71"),
        ("19782.4", "$19,782.40"),
    ],
)
def test_counted_money_is_to_the_cent(usd: str, said: str) -> None:
    assert words.money(Decimal(usd)) == said


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        ("0.001", "under $0.01"), ("0.26", "about $0.26"), ("2.77", "about $2.80"), ("12.15", "about $12.20"),
        ("99.96", "about $100.00"), ("238.7", "about $239"), ("1999.5", "about $2,000"),
    ],
)  # fmt: skip
def test_estimates_are_round_and_say_so(usd: str, said: str) -> None:
    assert words.about_money(Decimal(usd)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"), (0.4, "0.4 s"), (45, "45 s"), (60, "1 min"), (274, "4 min 34 s"), (900, "15 min"),
        (4380, "1 h 13 min"), (7200, "2 h"), (183600, "2 d 3 h"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "5 s"),
        (42, "40 s"),
        (56, "1 min"),
        (88, "1½ min"),
        (275, "4½ min"),
        (700, "12 min"),
        (4500, "1 h 15 min"),
    ],
)
def test_estimated_durations_are_round(seconds: float, said: str) -> None:
    assert words.about_duration(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (45, "0:45"), (274, "4:34"), (3723, "1:02:03")])
def test_stopwatch(seconds: float, said: str) -> None:
    assert words.stopwatch(seconds) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "Today 10:30"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "Today 00:30"),
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "Yesterday 10:00"),
        (datetime(2026, 11, 20, 14, 3, tzinfo=UTC), "Fri 20 Nov 15:03"),
        (datetime(2025, 1, 3, 9, 0, tzinfo=UTC), "3 Jan 2025 10:00"),
    ],
)
def test_moments_are_in_the_readers_zone(at: datetime, said: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert words.moment(at, now=NOW) == said


def test_until_stands_inside_a_sentence() -> None:
    assert words.until(NOW, now=NOW) == "today 10:00"
    assert words.until(datetime(2026, 11, 30, 9, 0, tzinfo=UTC), now=NOW) == "Mon 30 Nov 09:00"


def test_sentences_have_bold_figures_and_are_escaped() -> None:
    said = panel.figures("Loading <weights>, 62 %, about 4 min 34 s for $36.32/h.")
    assert said == "Loading &lt;weights&gt;, <b>62 %</b>, about <b>4 min 34 s</b> for <b>$36.32/h</b>."


def test_sentences_in_utc_become_local() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert panel.local_times("Until 09:00 UTC.") == 'Until <time title="09:00 UTC">18:00</time>.'


def test_instants_have_utc_in_their_title() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert 'title="2026-11-24 10:00:00 UTC">19:00</time>' in panel.clock(NOW)
