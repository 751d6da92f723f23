"""Live parts change in place, rest in hidden tabs, and say when the panel does not answer."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from deployments.models import Deployment, Phase, Run
from tests.deployments.pages.states import States

from .conftest import Tab

AT_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
HIDDEN = "Object.defineProperty(document, 'hidden', {get: () => window.away === true, configurable: true})"


def comes_to_end(page: Any) -> None:
    """Waits a moment: rows take their true height, and a smooth way up its end, only after a frame or two."""
    log = page.locator("#log")
    for _ in range(50):
        page.wait_for_timeout(100)
        if log.evaluate(AT_END):
            return
    assert log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight") < 2


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


def test_the_head_of_the_page_burns_from_the_second_of_the_container(
    tab: Callable[..., Tab], states: States
) -> None:
    """It asks by itself only every 15 s; the state of the deployment is seen sooner."""
    made = states.asleep()
    states.lease(made, "Ada")
    run = states.run(made, began_s=4, reached_s=4)
    page = tab().open("/deployments/asleep/")
    expect(page.locator("#status")).to_have_attribute("data-phase", "queued")
    expect(page.locator("#burning")).to_have_text("Nothing burning")
    Run.objects.filter(pk=run.pk).update(started_at=states.now, phase="container")
    Phase.objects.create(run=run, name="container", started_at=states.now)
    with page.expect_response("**/burning/", timeout=5_000):
        refresh(page)
    expect(page.locator("#burning")).to_contain_text("$36.31/h")


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


def test_log_follows_pauses_and_pages_on_the_way_up(tab: Callable[..., Tab], states: States) -> None:
    made = states.waking()
    run = made.runs.get()
    states.log(made, run, tuple(f"line {number}" for number in range(1200)))
    opened = tab()
    page = opened.open("/deployments/waking/logs/")
    log, rows = page.locator("#log"), page.locator("#log li[data-line]")
    comes_to_end(page)
    states.log(made, run, ("(EngineCore pid=1) ERROR 11-24 10:00:00 [x.py:1] new one",))
    expect(rows.last).to_contain_text("new one")
    expect(rows).to_have_count(501)
    comes_to_end(page)
    rows.last.evaluate("row => { row.kept = true; }")
    states.log(made, run, tuple(f"wide {number} {'word ' * 60}" for number in range(120)))
    expect(rows.last).to_contain_text("wide 119")
    comes_to_end(page)  # rows take their true height late: the end is followed there too
    assert rows.nth(500).evaluate("row => row.kept") is True, "who follows is not brought to the end anew"
    lets_go_on_a_smooth_way_up(page, states, made)
    page.get_by_role("button", name="Pause").click()
    states.log(made, run, ("said while nobody listened",))
    log.hover()
    page.mouse.wheel(0, -40000)  # to the top: older lines come, and what is read stays in view
    expect(rows).to_have_count(1122)
    expect(page.get_by_label("Follow")).not_to_be_checked()
    assert log.evaluate("log => log.scrollTop") > 1000
    page.get_by_role("button", name="Pause").click()
    expect(rows.last).to_contain_text("said while nobody listened")
    assert log.evaluate(AT_END) is False
    log.focus()
    page.keyboard.press("End")
    comes_to_end(page)
    page.keyboard.press("/")
    page.keyboard.type("NEW on")
    page.keyboard.press("Enter")
    expect(page.locator("#log mark")).to_have_text(["new on"])
    page.get_by_role("button", name="Errors").click()
    expect(rows).to_have_count(1)
    rows.locator("a").click()
    expect(page.locator("#log li.evid")).to_contain_text("new one")
    expect(rows).to_have_count(322)
    assert opened.complaints == []


def lets_go_on_a_smooth_way_up(page: Any, states: States, made: Deployment) -> None:
    """PageUp stops following, though its first pixels are still near the end; Follow and End take it up."""
    log, follow = page.locator("#log"), page.get_by_label("Follow")
    page.emulate_media(reduced_motion="no-preference")
    log.press("PageUp")
    expect(follow).not_to_be_checked()
    states.log(made, made.runs.get(), ("pulls nobody along",))
    expect(log.locator("li").last).to_contain_text("pulls nobody along")
    assert log.evaluate(AT_END) is False
    follow.check()
    comes_to_end(page)
    log.press("PageUp")
    expect(follow).not_to_be_checked()
    log.press("End")
    expect(follow).to_be_checked()
    comes_to_end(page)


def test_log_holds_no_more_than_its_bound(tab: Callable[..., Tab], states: States) -> None:
    made = states.waking()
    page = tab().open("/deployments/waking/logs/")
    page.evaluate(
        """() => { const list = document.querySelector('#log-lines');
        list.insertAdjacentHTML('afterbegin', list.querySelector('[data-line]').outerHTML.repeat(4950)); }"""
    )
    states.log(made, made.runs.get(), tuple(f"line {number}" for number in range(190)))
    expect(page.locator("#log li").last).to_contain_text("line 189", timeout=20_000)
    assert page.locator("#log li").count() == 1000


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
