"""The costs page, its runs and its file."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deployments.models import Budget, Price, Run
from deployments.pages import cost_chart, cost_period
from deployments.pages.cost_csv import safe
from deployments.planning.power import Role
from deployments.services.spend import Place, Sums

from .spending import Spending
from .states import States

Browser = Callable[..., Client]
NOVEMBER = "/costs/?period=custom&from=2026-11-01&to=2026-11-30"


@pytest.fixture
def spending(states: States) -> Spending:
    return Spending(states)


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_month_in_one_look(browser: Browser, spending: Spending) -> None:
    spending.month()
    total = sum((run.cost_usd or Decimal(0) for run in Run.objects.all()), Decimal(0))
    page = text(browser(Role.VIEWER), NOVEMBER)
    assert f"<b>${total:,.2f}</b> spent" in page
    for words in ("Anna", "Ben", "laptop", "Not asked for by the panel", "GLM-5.2 FP8", "Coder"):
        assert words in page
    assert "Saved against always on" in page
    assert "$35.12 an hour" in page
    assert "1 start that died" in page
    assert page.count("<title>") == 31  # thirty bars and the page's own


@pytest.mark.parametrize("split", ["part", "person", "key", "deployment"])
def test_the_bars_split_as_asked(browser: Browser, spending: Spending, split: str) -> None:
    spending.month()
    page = text(browser(), f"{NOVEMBER}&split={split}")
    legend = page[page.index('class="legend"') : page.index('class="plot big')]
    expected = {
        "part": ("Use", "Boot", "Idle"),
        "person": ("Anna", "Ben"),
        "key": ("Ben, laptop", "Anna, pages and playground"),
        "deployment": ("GLM-5.2 FP8", "Coder"),
    }[split]
    assert all(words in legend for words in expected)


def test_queries_do_not_grow_with_what_was_spent(browser: Browser, spending: Spending) -> None:
    client = browser(Role.VIEWER)
    spending.month()
    counts: list[int] = []
    for _ in range(3):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(NOVEMBER)
        counts.append(len(queries))
        for number in range(4):
            spending.run(f"2026-11-{20 + number}T10:00", hours=0.5, slug="coder", who="Ben")
        spending.month()
        for key_id in (spending.key.pk, spending.key.pk + len(counts)):
            more = {"amount_usd": 5, "set_at": spending.states.now}
            Budget.objects.get_or_create(scope="key", key_id=key_id, defaults=more)
    assert max(counts) <= 18
    assert counts[1] == counts[2]


def test_what_is_lit_now_is_counted_until_now(browser: Browser, states: States) -> None:
    states.ready()
    page = text(browser(), "/costs/")
    assert "lit or just over" in page
    assert "Ada" in page
    page = text(browser(Role.VIEWER), "/costs/runs/")
    assert "lit now" in page


def test_an_unpriced_run_is_said_to_be_missing(browser: Browser, states: States) -> None:
    states.waking()
    states.ready("other")
    Price.objects.filter(resource="memory").delete()
    assert "could not be priced" not in text(browser(), "/costs/?period=last-month")
    Run.objects.filter(ended_at__isnull=False).delete()
    page = text(browser(Role.VIEWER), "/costs/")
    assert "2 runs could not be priced and are missing here" in page


def test_an_empty_panel_says_what_will_be_here(browser: Browser, db: None) -> None:
    page = text(browser(), "/costs/")
    assert "Nothing was spent." in page
    assert "No server was lit in this time" in page


def test_runs_behind_a_sum(browser: Browser, spending: Spending) -> None:
    spending.month()
    client = browser()
    days = NOVEMBER.replace("/costs/", "/costs/runs/")
    page = text(client, days)
    assert page.count("<tr>") == 7
    ben = spending.people["Ben"].pk
    assert text(client, f"{days}&person={ben}").count("<tr>") == 5  # three runs that he used, one that he lit
    assert "Not asked for by the panel" in text(client, f"{days}&person=0")
    night = days.replace("to=2026-11-30", "to=2026-11-09").replace("from=2026-11-01", "from=2026-11-09")
    run = Run.objects.get(deployment__slug="coder")
    assert run.cost_usd
    half = (run.cost_usd * 50 / 114).quantize(Decimal("0.01"))
    assert f"<b>${half}</b>" in text(client, night)


def test_the_file_sums_to_the_page_to_the_micro_dollar(browser: Browser, spending: Spending) -> None:
    spending.month()
    response: Any = browser().get(NOVEMBER.replace("/costs/", "/costs/costs.csv"))
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    total = sum((run.cost_usd or Decimal(0) for run in Run.objects.all()), Decimal(0))
    assert sum(Decimal(row["cost_usd"]) for row in rows) == total
    assert sum(int(row["requests"]) for row in rows) == 7
    assert {row["person"] for row in rows} == {"Anna", "Ben", "Not asked for by the panel"}


def test_a_name_is_no_formula() -> None:
    for name in ("=1+1", "@x", " =1", "\t=1", "\n+1", "＝1", "-2"):
        assert safe(name) == f"'{name}"
    assert [safe(name) for name in ("Ben", "", "–")] == ["Ben", "", "–"]


def asked(query: str, now: str = "2026-11-24T16:42", zone: str = "Europe/Berlin") -> cost_period.Period:
    from django.utils import timezone

    with timezone.override(ZoneInfo(zone)):
        return cost_period.read(QueryDict(query), datetime.fromisoformat(now).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", (2026, 11, 1), (2026, 11, 30)),
        ("period=today", (2026, 11, 24), (2026, 11, 24)),
        ("period=7d", (2026, 11, 18), (2026, 11, 24)),
        ("period=last-month", (2026, 10, 1), (2026, 10, 31)),
        ("period=custom&from=2026-10-05&to=2026-10-09", (2026, 10, 5), (2026, 10, 9)),
        ("period=nonsense", (2026, 11, 1), (2026, 11, 30)),
    ],
)
def test_periods(query: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    found = asked(query)
    assert (found.first, found.last, found.error) == (date(*first), date(*last), "")


def test_today_is_the_readers() -> None:
    assert asked("period=today", now="2026-11-24T23:30").first == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("period=custom&from=x", "no such day"),
        ("period=custom&from=2026-02-30&to=2026-03-01", "no such day"),
        ("period=custom&from=2026-11-09&to=2026-11-01", "Turn them round"),
        ("period=custom&from=2020-01-01&to=2026-11-01", "at most 400 days"),
    ],
)
def test_days_that_make_no_sense_are_said(query: str, says: str) -> None:
    assert says in asked(query).error


def test_a_year_is_drawn_by_weeks() -> None:
    period = asked("period=custom&from=2025-12-01&to=2026-11-30")
    assert period.weeks
    made = cost_chart.chart((), period.first, period.last, period.last, weeks=True)
    assert len(made.bars) == 53


def test_bars_stack_to_their_share_of_a_round_scale() -> None:
    day = (date(2026, 11, 2) - date(1970, 1, 1)).days
    series = cost_chart.by_part({Place(day=day): Sums(boot=10_000_000, use=20_000_000, idle=5_000_000)})
    made = cost_chart.chart(series, date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 2), weeks=False)
    assert made.top == 50
    use, boot, idle = made.bars[1].rects
    assert (use.y, boot.y, idle.y) == ("60.00", "40.00", "30.00")
    assert idle.hatch
    assert made.bars[1].title == "2 November: $35.00 (Use $20.00, Boot $10.00, Idle $5.00)"
    assert made.line == "0,100 15,100.00 33,30.00"  # it ends today


def test_many_are_the_four_that_cost_most_and_others() -> None:
    sums = {Place(day=1, who=f"P{number}"): Sums(use=number) for number in range(1, 9)}
    labels = [one.label for one in cost_chart.by_label(sums, lambda place: place.who)]
    assert labels == ["P8", "P7", "P6", "P5", "4 others"]


@time_machine.travel(datetime(2026, 11, 16, tzinfo=UTC), tick=False)
def test_a_month_that_runs_is_told_at_its_pace(browser: Browser, states: States) -> None:
    spending = Spending(states)
    spending.run("2026-11-02T09:00", hours=1)
    Run.objects.update(cost_usd=None)
    page = text(browser(), "/costs/")  # half of the month has passed
    usd = Decimal("37.461312")  # 36.3168 for the GPUs, the rest for CPU and memory
    assert f"<b>${usd:.2f}</b> spent. At this pace the month ends at <b>about $74.90</b>" in page


def test_a_months_budget_is_drawn_beside_its_sum(browser: Browser, states: States) -> None:
    states.ready()
    put = {"scope": "panel", "period": "month", "set_at": states.now, "set_by_name": "Ada"}
    Budget.objects.create(**put, amount_usd=10000)
    page = text(browser(Role.VIEWER), "/costs/")
    assert "</b> of $10,000.00 spent" in page
    assert 'class="limit-line"' in page
    assert "limit-line" not in text(browser(Role.MEMBER), "/costs/?period=7d")
    day = date(2026, 11, 2)
    made = cost_chart.chart((), day, day, day, weeks=False, limit=Decimal(40))
    assert (made.line_top, made.limit_y) == (50, "20.00")
