"""Starting with a keyboard, with a mouse, and without scripts."""

from collections.abc import Callable

from playwright.sync_api import expect

from deployments.models import Deployment, Lease
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .conftest import Tab
from .test_every_page import ACCESSIBLE

PATH = "/deployments/asleep/"


def test_keyboard_opens_asks_and_cancels_without_spending(tab: Callable[..., Tab], states: States) -> None:
    states.asleep()
    opened = tab()
    page = opened.open(PATH)
    page.get_by_role("button", name="Start", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Start Support drafts")
    expect(dialog).to_be_visible()
    assert page.evaluate(ACCESSIBLE) == []
    dialog.get_by_label("What for?").fill("Nightly")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#start-asleep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert not Lease.objects.exists()
    assert opened.complaints == []


def test_price_follows_the_choice_and_one_press_starts(tab: Callable[..., Tab], states: States) -> None:
    made = states.asleep()
    opened = tab(width=390)
    page = opened.open(PATH)
    page.get_by_role("button", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What for?").fill("Nightly")
    dialog.get_by_label("Hours", exact=True).fill("10")
    expect(dialog.locator("#start-price")).to_have_text("about $375")
    expect(dialog.get_by_label("Hours", exact=True)).to_be_focused()
    expect(dialog.get_by_label("What for?")).to_have_value("Nightly")
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("is being lit")
    expect(page.locator("#status")).to_have_attribute("data-state", "waking")
    assert made.leases.get().reason == "Nightly"
    assert opened.complaints == []


def test_wrong_time_is_said_in_the_dialog(tab: Callable[..., Tab], states: States) -> None:
    states.asleep()
    page = tab().open(PATH)
    page.get_by_role("button", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Until", exact=True).fill("2020-01-01T10:00")
    expect(dialog.locator("#start-now")).to_be_disabled()
    assert not Lease.objects.exists()


def test_without_scripts_everything_is_a_form(tab: Callable[..., Tab], states: States) -> None:
    states.asleep()
    page = tab(Role.MEMBER, scripts=False).open(PATH)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_label("What for?").fill("By hand")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#status")).to_have_attribute("data-state", "waking")
    page.get_by_role("button", name="Sleep", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("is going out")
    assert Deployment.objects.get(slug="asleep").stop_kind == "sleep"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_sleep_while_somebody_uses_it_asks_by_name(tab: Callable[..., Tab], states: States) -> None:
    made = states.ready()
    states.in_flight(made, "Grace", 2)
    page = tab().open("/deployments/ready/")
    page.get_by_role("button", name="Sleep", exact=True).click()
    dialog = page.get_by_role("dialog", name="Sleep while in use?")
    expect(dialog).to_contain_text("Ada and Grace are using Coder")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert Deployment.objects.get(slug="ready").stop_kind == ""
    page.get_by_role("button", name="Sleep", exact=True).click()
    dialog.get_by_role("button", name="Sleep anyway").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "stopping")
