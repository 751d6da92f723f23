"""Log lines over REST."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from deployments.models import LogLine
from tests.deployments.pages.states import LINES, States

from .callers import Caller

Make = Callable[..., Caller]
LOGS = "/deployments/waking/logs"


@pytest.fixture
def reader(caller: Make, states: States) -> Caller:
    """Reads the five lines of a deployment that wakes."""
    states.waking()
    states.ready("other")
    return caller()


def texts(page: Any) -> list[str]:
    return [line["text"] for line in page["items"]]


def test_lines_come_in_their_order(reader: Caller) -> None:
    page = reader.get(LOGS)
    assert texts(page) == list(LINES)
    assert page["next"] is None
    assert set(page["items"][0]) == {"id", "at", "source", "level", "run", "text"}


def test_lines_can_be_chosen(reader: Caller, states: States) -> None:
    run = LogLine.objects.filter(deployment__slug="waking").latest("id").run_id
    assert texts(reader.get(f"{LOGS}?contains=enforce")) == [LINES[1], LINES[2]]
    assert texts(reader.get(f"{LOGS}?run={run}&limit=2")) == list(LINES[-2:])
    assert texts(reader.get(f"{LOGS}?run=99999")) == []
    since = quote(
        (states.now - timedelta(seconds=97.5)).isoformat()
    )  # lines are a second apart from 100 s on
    assert texts(reader.get(f"{LOGS}?since={since}")) == list(LINES[3:])
    assert texts(reader.get(f"{LOGS}?until={since}")) == list(LINES[:3])


def test_pages_lead_back_to_the_oldest(reader: Caller) -> None:
    newest = reader.get(f"{LOGS}?limit=2")
    older = reader.get(f"{LOGS}?limit=2&cursor={newest['next']}")
    oldest = reader.get(f"{LOGS}?limit=2&cursor={older['next']}")
    assert texts(oldest) + texts(older) + texts(newest) == list(LINES)
    assert oldest["next"] is None


def test_pages_after_a_line_lead_on(reader: Caller) -> None:
    first = reader.get(f"{LOGS}?after=0&limit=3")
    rest = reader.get(f"{LOGS}?after=0&limit=3&cursor={first['next']}")
    assert texts(first) + texts(rest) == list(LINES)
    assert rest["next"] is None
    assert texts(reader.get(f"{LOGS}?after={rest['items'][-1]['id']}")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("since=yesterday", "since"), ("run=-1", "run"), ("limit=5001", "limit"), ("after=-1", "after"),
     ("cursor=-1", "cursor"), ("contains=%00", "contains"), ("contains=" + "x" * 201, "contains")],
)  # fmt: skip
def test_wrong_field_is_named(reader: Caller, query: str, field: str) -> None:
    response: Any = reader("get", f"{LOGS}?{query}")
    assert (response.status_code, list(response.json()["fields"])) == (422, [field])
