"""A time is chosen on a chart, by pointer and by keys, for all charts and for the log."""

from collections.abc import Callable

from playwright.sync_api import expect

from deployments.models import Sample
from deployments.services.rolling import roll_up
from tests.deployments.pages.states import States

from . import axe
from .conftest import Tab

PAGE = "/deployments/ready/metrics/?range=6h"


def test_a_time_is_chosen_on_a_chart_for_all_of_them_and_the_log(
    tab: Callable[..., Tab], states: States
) -> None:
    run = states.ready().runs.latest("id")
    for minute in range(35):
        Sample.objects.create(
            run=run, at=states.ago(60 * minute), running=3, prompt_tokens_per_s=9.0,
            generation_tokens_per_s=40.0 + minute, kv_cache_use=0.25, prefix_hit_rate=0.5,
        )  # fmt: skip
    assert roll_up(now=states.now)
    opened = tab(width=1440)
    page = opened.open(PAGE)
    expect(page.locator("#charts")).to_have_attribute("hx-trigger", "every 30s, refresh")
    head = page.locator("#chart-tokens [data-figure]")
    whole = head.inner_text()
    first = page.locator("#chart-ttft svg.draw")
    first.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#chart-tokens .cross")).to_have_count(1)  # in every chart, not only in this one
    assert head.inner_text() != whole
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#chart-kv .sel")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".sel, .cross")).to_have_count(0)
    assert head.inner_text() == whole
    for key in ("ArrowLeft", "Shift+PageUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**from=**")
    expect(page.locator("#charts")).to_have_attribute("hx-trigger", "refresh")

    box = page.locator("#chart-tokens svg.draw").bounding_box()
    assert box
    before = page.url
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20, steps=3)
    page.mouse.up()
    page.wait_for_url(lambda url: "from=" in url and url != before)
    time = page.url.partition("?")[2].replace("from=", "since=").replace("to=", "until=")
    expect(page.get_by_role("link", name="Log of this time")).to_have_attribute(
        "href", f"/deployments/ready/logs/?{time}"
    )
    page.locator("#metric-table summary").click()
    assert axe.violations(page) == []
    assert opened.complaints == []
