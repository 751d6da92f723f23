"""The metrics page: what it shows of which time, when it moves, and what it says where there is nothing."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from deployments.models import Deployment
from deployments.services.rolling import roll_up
from tests.deployments.services import measured
from tests.deployments.services.measured import NOON

from .conftest import HTMX

PAGE = "/deployments/measured/metrics/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reader(browser: Callable[..., Client]) -> Iterator[Client]:
    with time_machine.travel(NOON + 60 * MINUTE, tick=False):
        yield browser()


@pytest.fixture
def served(db: None) -> Deployment:
    return measured.deployment()


def busy(served: Deployment, minutes: int, *, until: Any = None) -> Any:
    """A run from noon on that answers a request a minute and tells of it."""
    run = measured.run(served, NOON, until, cost_usd="6.00" if until else None)
    for minute in range(2, minutes):
        measured.sample(run, NOON + minute * MINUTE)
        measured.request(served, NOON + minute * MINUTE, first_byte_s=0.5)
    roll_up(now=NOON + 60 * MINUTE)
    return run


def told(reader: Client, query: str = "", **more: Any) -> str:
    answer = reader.get(f"{PAGE}{query}", **more)
    assert answer.status_code == 200
    return answer.content.decode()


def chart(html: str, key: str) -> str:
    """One chart of the page."""
    return html.partition(f'id="chart-{key}"')[2].partition("</figure>")[0]


def test_it_shows_figures_lines_runs_and_the_same_as_a_table(reader, served):
    run = busy(served, 10, until=NOON + 20 * MINUTE)
    html = told(reader, "?range=1h")
    first = chart(html, "ttft")
    assert re.search(r"data-figure>5\d\d ms <small>median, 5\d\d ms p95</small>", first)
    assert first.count('class="l1"') == 1
    assert f'/deployments/measured/runs/{run.pk}/" aria-label="Run 1, release 1: lit 20 min"' in html
    assert chart(html, "answered").count(">8<") == 0
    assert "data-figure>8 " in chart(html, "answered")
    assert "nothing measured" in chart(html, "draft")
    table = html.partition('id="metric-table"')[2]
    assert table.count('<th scope="row">') == 15  # of 45 rows of 80 s those in which it was lit


def test_the_log_of_the_same_time_is_one_click_away(reader, served):
    run = busy(served, 5)
    html = told(reader, f"?from=2026-11-26T12:00:00Z&to=2026-11-26T12:30:00Z&run={run.pk}")
    time = "since=2026-11-26T12%3A00%3A00Z&amp;until=2026-11-26T12%3A30%3A00Z"
    assert f"/deployments/measured/logs/?{time}&amp;run={run.pk}" in html
    assert 'name="from" value="2026-11-26T12:00"' in html  # the way of the keyboard, and without scripts


@pytest.mark.parametrize(
    ("until", "query", "polls"),
    [
        (None, "?range=1h", "every 10s, refresh"),
        (None, "?range=7d", "every 60s, refresh"),
        (None, "?from=2026-11-26T12:00&to=2026-11-26T12:30", "refresh"),  # it is over
        (NOON + 20 * MINUTE, "?range=1h", "refresh"),  # asleep
    ],
)
def test_it_moves_only_while_it_is_lit_and_shows_now(reader, served, until, query, polls):
    busy(served, 5, until=until)
    fragment = told(reader, f"charts/{query}", headers=HTMX)
    assert f'hx-trigger="{polls}"' in fragment
    mark = re.search(r'data-fp="(\w+)"', fragment)
    assert mark
    again = reader.get(f"{PAGE}charts/{query}", headers=HTMX | {"Panel-Have": mark[1]})
    assert again.status_code == 204


def test_where_nothing_was_measured_it_teaches_the_next_step(reader, served):
    html = told(reader)
    assert "Nothing was measured yet" in html
    assert "Looking never wakes it" in html
    assert 'id="charts"' not in html


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?from=2026-11-26T12:30&to=2026-11-26T12:00", "Turn them round"),
        ("?from=soon&to=now", "There is no such time"),
        ("?from=2026-11-26T12:00:00Z&to=9999-99-99", "There is no such time"),
        ("?from=2027-01-01T00:00", "in the future"),
        ("?from=2001-01-01T00:00&to=2001-02-01T00:00", "kept for 1830 days"),
    ],
)
def test_a_time_that_cannot_be_is_said_and_the_last_day_is_shown(reader, served, query, says):
    busy(served, 5)
    html = told(reader, query)
    assert says in html
    assert 'id="charts"' in html


def test_what_opens_the_form_says_what_can_be_chosen_there(reader, served):
    busy(served, 5)
    form = told(reader).partition('<details class="menu choose"')[2]
    summary = form.partition("</summary>")[0]
    assert "Choose dates or run" in summary
    assert "Exact" not in summary


@pytest.mark.parametrize(
    "query", ["?run=x", "?run=99", "?release=99", "?range=\x00", "?from=%00", "?run=" + "9" * 40]
)
def test_nonsense_breaks_nothing(reader, served, query):
    busy(served, 5)
    told(reader, query)


def test_one_release_alone(reader, served):
    busy(served, 5)
    assert "data-figure>3 " in chart(told(reader, "?range=1h&release=1"), "answered")
    assert "nothing measured" in chart(told(reader, "?range=1h&release=2"), "ttft")


def test_queries_do_not_grow_with_runs(
    reader, served, django_assert_num_queries, django_assert_max_num_queries
):
    for number in range(3):
        measured.run(served, NOON + number * MINUTE, NOON + (number + 1) * MINUTE, cost_usd="0.1")
    busy(served, 8, until=NOON + 20 * MINUTE)
    told(reader)
    with django_assert_max_num_queries(40) as few:
        told(reader)
    for number in range(120):
        at = NOON + number * timedelta(seconds=20)
        measured.run(served, at, at + timedelta(seconds=19), cost_usd="0.1")
    with django_assert_num_queries(len(few)):
        html = told(reader)
    assert "124 runs in this time" in html  # too many to be told apart: one shape, no links
