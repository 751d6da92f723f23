"""Keys and clients in a real browser: copied, checked in place, revoked from the keyboard."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from gateway.models import ApiKey
from tests.deployments.pages.states import States

from .conftest import Tab


def syntax_error(page: Page, module: str) -> str:
    """Empty where `module` parses. A name that cannot be resolved is no matter of syntax."""
    said = page.evaluate(
        """async (module) => {
            const url = URL.createObjectURL(new Blob([module], { type: 'text/javascript' }));
            try { await import(url); return ''; } catch (error) { return error.name + ': ' + error.message; }
        }""",
        module,
    )
    return str(said) if str(said).startswith("SyntaxError") else ""


def test_a_key_is_made_filled_in_copied_and_checked(tab: Callable[..., Tab], states: States) -> None:
    states.asleep()
    opened = tab()
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened.open("/deployments/asleep/connect/")
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Make and fill in").click()
    secret = page.locator("#secret").inner_text()
    assert secret in page.locator("#opencode-1").inner_text()
    page.get_by_role("button", name="Copy for OpenCode").click()
    expect(page.get_by_role("button", name="Copy for OpenCode")).to_have_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["provider"]["pilotlight"]["options"]["apiKey"] == secret
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#check")).to_contain_text("“laptop” of Ada")
    assert secret in page.locator("#opencode-1").inner_text(), "the check leaves the page as it is"
    module = page.locator("#openai-js-1").inner_text()
    assert opened.complaints == []
    page.goto("about:blank")
    assert syntax_error(page, module) == ""
    assert syntax_error(page, f"{module} (") != ""


def test_a_key_is_revoked_from_the_keyboard(tab: Callable[..., Tab], states: States) -> None:
    opened = tab()
    page = opened.open("/keys/new/")
    page.keyboard.type("laptop")  # the name has the focus
    page.get_by_label("Last day").wait_for(state="hidden")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Done, I have kept it").press("Enter")
    revoke = page.get_by_role("button", name="Revoke laptop")
    revoke.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("It was never used")
    page.keyboard.press("Enter")  # Cancel has the focus: nothing happens by a reflex
    expect(page.get_by_role("dialog")).to_have_count(0)
    revoke.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").press("Enter")
    expect(page.locator("#notices")).to_contain_text("“laptop” is revoked")
    assert ApiKey.objects.get().revoked_at is not None
    assert opened.complaints == []
