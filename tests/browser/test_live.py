"""Live parts change in place, rest in hidden tabs, and say when the panel does not answer."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from deployments.models import Deployment, LogLine, Run
from tests.deployments.pages.states import States

from .conftest import Tab

AT_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
HIDDEN = "Object.defineProperty(document, 'hidden', {get: () => window.away === true, configurable: true})"


def refresh(page: Any) -> None:
    """What a poll does, at once."""
    page.evaluate("htmx.trigger('#status', 'refresh')")


def test_state_changes_in_place_and_is_said_once(tab: Callable[..., Tab], states: States) -> None:
    made = states.waking()
    opened = tab()
    page = opened.open("/deployments/waking/")
    page.locator("#more-waking summary").click()
    page.locator("#extend-waking").focus()
    page.evaluate("document.querySelector('#status').kept = true")
    Run.objects.filter(deployment=made).update(ready_at=states.now, phase="ready")
    refresh(page)
    expect(page.locator("#status")).to_have_attribute("data-state", "ready")
    assert page.evaluate("document.querySelector('#status').kept") is True
    assert page.evaluate("document.querySelector('#more-waking').open") is True
    expect(page.locator("#extend-waking")).to_be_focused()
    expect(page.locator("#said")).to_have_text("GLM-5.2 FP8: Ready.")
    assert opened.complaints == []


def test_polls_by_itself_and_rests_in_a_hidden_tab(tab: Callable[..., Tab], states: States) -> None:
    states.waking()
    opened = tab()
    opened.page.add_init_script(HIDDEN)
    asked: list[str] = []
    opened.page.on("request", lambda request: asked.append(request.url))
    page = opened.open("/deployments/waking/")
    page.wait_for_event("request", lambda request: request.url.endswith("/status/"))
    page.evaluate("window.away = true")
    page.wait_for_timeout(300)
    asked.clear()
    page.wait_for_timeout(2600)
    assert asked == []
    page.evaluate(
        "window.away = false; document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
    )
    page.wait_for_timeout(300)
    assert any(url.endswith("/status/") for url in asked)


def test_slow_deployment_still_notices(tab: Callable[..., Tab], states: States) -> None:
    """A page left open over night polls on, only seldom."""
    states.asleep()
    page = tab().open("/deployments/asleep/")
    expect(page.locator("#status")).to_have_attribute("hx-trigger", "every 20s, refresh")
    page.evaluate("document.querySelector('#status .sentence').kept = true")
    refresh(page)
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('#status .sentence').kept") is True


def test_panel_that_does_not_answer_is_said(tab: Callable[..., Tab], states: States) -> None:
    states.asleep()
    page = tab().open("/deployments/asleep/")
    page.route("**/status/", lambda route: route.abort())
    for _ in range(2):
        refresh(page)
        page.wait_for_timeout(150)
    expect(page.locator("#stale")).to_be_visible()
    page.unroute("**/status/")
    refresh(page)
    expect(page.locator("#stale")).to_be_hidden()


def test_log_grows_follows_and_pauses(tab: Callable[..., Tab], states: States) -> None:
    made = states.waking()
    run = made.runs.get()
    states.log(made, run, tuple(f"line {number}" for number in range(200)))
    opened = tab()
    page = opened.open("/deployments/waking/logs/")
    assert page.locator("#log").evaluate(AT_END) is True
    states.log(made, run, ("(EngineCore pid=1) ERROR 11-24 10:00:00 [x.py:1] new one",))
    expect(page.locator("#log li").last).to_contain_text("new one")
    assert page.locator("#log").evaluate(AT_END) is True
    page.locator("#log").hover()
    page.mouse.wheel(0, -2000)
    expect(page.get_by_label("Follow")).not_to_be_checked()
    states.log(made, run, ("another",))
    expect(page.locator("#log li").last).to_contain_text("another")
    assert page.locator("#log").evaluate(AT_END) is False
    page.get_by_role("button", name="Errors").click()
    expect(page.locator("#log li:visible")).to_have_count(2)
    assert opened.complaints == []


def test_log_drops_the_oldest_beyond_its_bound(tab: Callable[..., Tab], states: States) -> None:
    made = states.waking()
    page = tab().open("/deployments/waking/logs/")
    page.evaluate(
        """() => { const log = document.querySelector('#log');
        const row = log.querySelector('li').outerHTML; log.insertAdjacentHTML('beforeend', row.repeat(4900));
        log.lastElementChild.dataset.id = log.dataset.after; }"""
    )
    states.log(made, made.runs.get(), tuple(f"line {number}" for number in range(490)))
    expect(page.locator("#log li").last).to_contain_text("line 489")
    assert page.locator("#log li").count() == 5000
    assert LogLine.objects.count() == 495


def test_home_shows_another_persons_start(tab: Callable[..., Tab], states: States) -> None:
    made = states.asleep()
    page = tab().open("/")
    expect(page.locator("#burning")).to_have_text("Nothing burning")
    states.lease(made, "Grace")
    states.run(made, began_s=30, reached_s=30)
    page.evaluate("htmx.trigger('#register', 'refresh')")
    expect(page.locator("#reg-asleep")).to_have_attribute("data-state", "waking")
    page.evaluate("htmx.trigger('#burning', 'refresh')")
    expect(page.locator("#burning")).to_contain_text("$36.31/h")
    assert Deployment.objects.count() == 1
