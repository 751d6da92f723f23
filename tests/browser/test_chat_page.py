"""The playground in a real browser: its looks, and what its scripts do without any server behind."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.models import Conversation, Generator, Message, Status
from deployments.models import Freeze, Lease, Run
from deployments.planning.power import Role
from sandbox.engine.showcase import MARKDOWN, html_page
from tests.chat.pages.conftest import address, talk
from tests.deployments.pages.states import States

from .conftest import Tab, person
from .test_every_page import LOOKS, problems

CHAT = "/deployments/ready/chat/"


@pytest.fixture
def row(states: States) -> Conversation:
    """Anna's conversation with a long and a failed answer."""
    states.ready()
    Generator.objects.create(name="runner", started_at=timezone.now(), seen_at=timezone.now())
    failed = {"status": Status.FAILED, "error_text": "The server died while loading.", "error_code": "failed"}
    texts = ("Show me **everything**.", MARKDOWN, "A game, please.", html_page(), "And now?", "")
    return talk(person(Role.MEMBER), "ready", *texts, **failed)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_looks_right(tab: Callable[..., Tab], row: Conversation, width: int, scheme: str) -> None:
    opened = tab(Role.MEMBER, width=width, scheme=scheme)
    game = row.messages.get(text=html_page()).public_id
    paths = [CHAT, f"{CHAT}?q=nothing", address(row), address(row, "?settings=1"), address(row, "delete/")]
    paths += [address(row, f"?preview={game}.0"), address(row, f"?edit={row.messages.first().public_id}")]
    assert [one for path in paths for one in problems(opened, path)] == []
    assert opened.complaints == []


def test_it_works_without_scripts(tab: Callable[..., Tab], row: Conversation) -> None:
    page = tab(Role.MEMBER, scripts=False).open(CHAT)
    page.get_by_label("Message", exact=True).fill("What is a pilot light?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".turn.you")).to_contain_text("What is a pilot light?")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".foot")).to_contain_text("Stopped by you.")
    page.get_by_role("link", name="Thinking on, settings").click()
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_role("button", name="Save settings").click()
    page.get_by_role("link", name="Thinking on, settings").click()
    expect(page.get_by_label("Temperature")).to_have_value("0.50")


def test_what_is_typed_survives(tab: Callable[..., Tab], row: Conversation) -> None:
    """In this browser at once, on the server soon, and a long paste stays text."""
    opened = tab(Role.MEMBER)
    page = opened.open(CHAT)
    page.locator("html.scripted").wait_for()
    page.locator("#msg").fill("Half a thought")
    page.reload()
    expect(page.locator("#msg")).to_have_value("Half a thought")
    page.wait_for_url(re.compile(r"/chat/[\w-]{22}/$"))
    files = [{"name": "notes.md", "mimeType": "text/markdown", "buffer": b"# Notes\n" * 100}]
    page.set_input_files("#files-in", files)
    expect(page.locator("#files")).to_contain_text("notes.md")
    elsewhere = tab(Role.MEMBER).open(page.url.removeprefix(opened.url))
    expect(elsewhere.locator("#msg")).to_have_value("Half a thought")
    expect(elsewhere.locator("#files")).to_contain_text("notes.md")
    page.get_by_role("button", name="Remove notes.md").click()
    expect(page.locator("#files .chip")).to_have_count(0)
    page.set_input_files("#files-in", [{"name": "a.bin", "mimeType": "x/y", "buffer": b"\0\1"}])
    expect(page.locator("#msg-error")).to_contain_text("a.bin is no text")
    expect(page.locator("#msg")).to_have_value("Half a thought")
    page.locator("#msg").press("Shift+Enter")
    assert Message.objects.filter(text__contains="Half").count() == 0
    page.locator("#msg").press("Enter")
    expect(page.locator(".turn.you")).to_contain_text("Half a thought")
    expect(page.locator("#msg")).to_have_value("")


def _goes_to_sleep() -> None:
    now = timezone.now()
    Run.objects.filter(ended_at__isnull=True).update(ended_at=now, end_reason="idle")
    Lease.objects.filter(ended_at__isnull=True).update(ended_at=now, end_reason="idle")


def test_nothing_wakes_unseen_and_a_refused_message_stays(tab: Callable[..., Tab], row: Conversation) -> None:
    """The server goes to sleep under an open page: the price is asked about, then stands on every button."""
    page = tab(Role.MEMBER).open(address(row))
    page.locator("html.scripted").wait_for()
    page.locator("#msg").fill("Are you there?")
    expect(page.locator("#send-button")).to_have_text("Send")
    _goes_to_sleep()
    page.locator("#msg").press("Enter")
    dialog = page.get_by_role("dialog", name="Wake Coder for this?")
    expect(dialog).to_contain_text("Waking it costs about $")
    page.keyboard.press("Enter")  # Enter spends nothing
    expect(dialog).to_have_count(0)
    expect(page.locator("#msg")).to_have_value("Are you there?")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_have_text("Try again")
    again.focus()
    page.evaluate("htmx.trigger('#send', 'refresh')")
    expect(again).to_contain_text("(wakes, about $")
    expect(again).to_be_focused()
    expect(page.locator("#send-button")).to_contain_text("Wake and send (about $")
    Freeze.objects.create(set_by_name="Ben", set_at=timezone.now())
    page.locator("#msg").press("Enter")
    expect(page.locator("#msg-error")).to_contain_text("Frozen")
    expect(page.locator("#msg")).to_have_value("Are you there?")
    Freeze.objects.update(lifted_at=timezone.now())
    page.locator("[data-seen]").evaluate_all("fields => fields.forEach((field) => { field.value = ''; })")
    page.locator("#msg").press("Enter")
    dialog.get_by_role("button", name="Wake and send").click()
    expect(page.locator(".turn.you").last).to_contain_text("Are you there?")
    expect(page.locator("#msg")).to_have_value("")


def test_code_is_copied_and_wrong_settings_are_named(tab: Callable[..., Tab], row: Conversation) -> None:
    page = tab(Role.MEMBER).open(address(row))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy-code]").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("def price_of(seconds: float)")
    page.locator("[data-settings]").click()
    page.locator("#parameters [name=temperature]").fill("2")
    page.locator("#parameters [name=top_p]").evaluate("field => { field.type = 'text'; field.value = '7'; }")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator(".field.bad .error")).to_contain_text("at most 1")


def test_an_operator_starts_it_from_the_composer_and_keeps_what_was_typed(
    tab: Callable[..., Tab], states: States
) -> None:
    made = states.off()
    opened = tab(Role.OPERATOR)
    page = opened.open("/deployments/off/chat/")
    page.locator("html.scripted").wait_for()
    page.locator("#msg").fill("For later")
    page.locator("#send-why").get_by_role("link", name="Start").click()
    dialog = page.get_by_role("dialog", name="Start GLM-5.2 FP8")
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(dialog).to_have_count(0)
    assert "/deployments/off/chat/" in page.url
    expect(page.locator("#msg")).to_have_value("For later")
    expect(page.locator("#send-button")).to_be_enabled()
    assert made.leases.get().holder_name
    assert opened.complaints == []
