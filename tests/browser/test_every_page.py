"""Every page in a real browser: nothing too wide, nothing refused, nothing out of reach."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from controlpanel.models import Invitation
from deployments.models import Account, BillLine, Budget, Deployment, ProviderLook
from deployments.planning import outside
from deployments.planning.power import SYSTEM, Role
from deployments.services import judging
from gateway.keys import create_key
from tests.deployments.pages.spending import Spending
from tests.deployments.pages.states import States
from tests.deployments.services.past_starts import second_release, start

from . import axe
from .conftest import Tab, person

ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text()
BILLED = datetime(2026, 11, 10, 7, tzinfo=UTC)
LOOKS = [(1440, "light"), (390, "dark")]


def problems(tab: Tab, path: str) -> list[str]:
    page = tab.open(path)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = [f"{width} px too wide"] if width > 0 else []
    return [f"{path}: {one}" for one in [*found, *page.evaluate(ACCESSIBLE), *axe.violations(page)]]


def test_axe_is_installed() -> None:
    if not axe.THERE:
        pytest.skip("axe-playwright-python of requirements-dev.txt is not installed: axe was not asked")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_states_look_right(tab: Callable[..., Tab], states: States, width: int, scheme: str) -> None:
    for make in ("off", "deploying", "asleep", "waking", "ready", "degraded", "stopping", "failed"):
        getattr(states, make)()
    opened = tab(Role.ADMIN, width=width, scheme=scheme)
    found = problems(opened, "/")
    for state in ("off", "deploying", "asleep", "waking", "ready", "degraded", "stopping", "failed"):
        found += problems(opened, f"/deployments/{state}/")
    assert found == []
    assert opened.complaints == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_other_pages_look_right(tab: Callable[..., Tab], states: States, width: int, scheme: str) -> None:
    made = states.ready()
    second_release(made)
    start(states, made, ago_s=9000, weights=600)
    judging.judge_due(now=states.now)
    finding = states.diagnosed()
    states.asleep(weights_present=False)
    states.action(made, "Ada started Coder until idle, for the nightly evaluation of the week.", usd="12.2")
    run = made.runs.latest("id").pk
    seen = [
        asdict(outside.image("a b", None)),
        asdict(outside.gpus("H300", 1)),
        asdict(outside.image("a:1", 1)),
    ]
    ProviderLook.objects.create(deployment=made, at=states.now, by_name="Ada", spec=made.config, checks=seen)
    paths = [
        f"/deployments/ready/{tail}"
        for tail in (
            "runs/",
            f"runs/{run}/",
            "metrics/",
            "logs/",
            "settings/",
            "extend/",
            "releases/1/",
            "releases/new/",
            "dry-run/",
            "schedules/",
        )
    ]
    paths += [
        "/deployments/ready/schedules/new/",
        "/deployments/ready/formats/",
        "/activity/",
        "/runs/",
        "/freeze/",
        "/on-call/",
        "/on-call/runbooks/",
        "/deployments/asleep/start/",
        "/deployments/failed/logs/",
        f"/deployments/failed/runs/{finding.run_id}/",
        f"/deployments/failed/findings/{finding.pk}/",
    ]
    key, _ = create_key(actor=SYSTEM, owner=person(Role.MEMBER), name="n" * 80, scopes=["read", "chat"])
    _, token = Invitation.objects.make(
        role=Role.MEMBER, whom="B" * 80, email="", by=None, now=states.now,
        expires_at=states.now + timedelta(days=1),
    )  # fmt: skip
    paths += ["/keys/", "/keys/new/", f"/keys/{key.pk}/revoke/", "/deployments/asleep/connect/", "/people/"]
    paths += [f"/people/{key.owner_id}/", "/people/invite/", f"/accounts/invitation/{token}/"]
    paths += ["/accounts/profile/", "/settings/notifications/", "/models/fit/", "/deployments/new/"]
    paths += ["/deployments/ready/settings/edit/", "/deployments/new/?from=empty"]
    paths += ["/settings/accounts/"]
    account = f"/settings/accounts/{states.account.pk}/"
    paths += [account, f"{account}rotate/token/", f"{account}remove/", "/settings/accounts/new/"]
    paths += [f"/settings/accounts/new/?account={states.account.pk}"]
    opened = tab(Role.ADMIN, width=width, scheme=scheme)
    assert [one for path in paths for one in problems(opened, path)] == []
    assert opened.complaints == []


def test_paper_has_the_runs_whole_and_nothing_to_press(tab: Callable[..., Tab], states: States) -> None:
    states.ready()
    opened = tab(width=800, scheme="dark")
    page = opened.open("/deployments/ready/runs/")
    page.emulate_media(media="print")
    cut_off = "table => table.scrollWidth - table.closest('.card').clientWidth"
    assert page.get_by_role("region", name="Runs").locator("table").evaluate(cut_off) <= 0
    assert page.locator("button:visible, .tabs:visible, .topbar:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_money_looks_right(tab: Callable[..., Tab], states: States, width: int, scheme: str) -> None:
    Spending(states).month()
    states.ready()
    for scope, amount in (("panel", 900), ("deployment", 1)):
        Budget.objects.create(
            scope=scope, deployment=Deployment.objects.get(slug="ready") if scope == "deployment" else None,
            amount_usd=amount, set_at=states.now, set_by_name="Ada", spent_usd=amount,
            warned_percent=100, warned_on=states.now.date().replace(day=1),
        )  # fmt: skip
    BillLine.objects.create(
        account=states.account, app_id="ap-1", app_name="nobody-knows-this-app", hour=BILLED,
        fetched_at=states.now, micro_usd=1_000_000,
    )  # fmt: skip
    Account.objects.update(bills_until=BILLED + timedelta(days=20), bills_read_at=states.now)
    november = "?period=custom&from=2026-11-01&to=2026-11-30"
    opened = tab(Role.ADMIN, width=width, scheme=scheme)
    found = problems(opened, "/deployments/ready/")
    for path in (
        "/costs/prices/",
        "/costs/unexplained/",
        "/costs/compare/",
        "/costs/runs/",
        "/costs/?period=custom&from=2025-01-01&to=2025-01-02",
    ):
        found += problems(opened, path)
    found += problems(opened, f"/costs/bills/{november}")
    for split in ("part", "key"):
        found += problems(opened, f"/costs/{november}&split={split}")
    opened.page.evaluate("document.querySelectorAll('details.fold').forEach(one => { one.open = true })")
    assert opened.page.evaluate(ACCESSIBLE) == []
    assert found == []
    assert opened.complaints == []


def test_the_check_sees_what_is_wrong(tab: Callable[..., Tab], states: States) -> None:
    page = tab().open("/activity/")
    page.evaluate(
        """() => { const main = document.querySelector('main');
        const wrong = '<button></button><h1>2</h1><h4>jump</h4><p class="pale" id="main">pale</p>';
        main.insertAdjacentHTML('beforeend', wrong);
        main.querySelector('.pale').style.setProperty('color', '#aaa'); }"""
    )
    said = " ".join(page.evaluate(ACCESSIBLE))
    for problem in ("no name", "2 h1", "heading jumps", "id twice: main", "contrast"):
        assert problem in said


def test_stylesheets_use_only_the_tokens() -> None:
    """tokens.css is the only source of colour."""
    for name in (
        "base",
        "shell",
        "parts",
        "forms",
        "runs",
        "charts",
        "chat",
        "connect",
        "schedules",
        "formats",
        "checks",
        "config",
        "accounts",
        "history",
        "logs",
        "print",
    ):
        path = finders.find(f"css/{name}.css")
        assert path
        rules = Path(path).read_text()
        assert re.findall(r"#[0-9a-fA-F]{3,8}\s*[;,)]|rgba?\(|hsla?\(|oklch\(", rules) == [], name
