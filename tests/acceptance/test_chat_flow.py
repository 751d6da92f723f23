"""What a member does in the playground of a real panel: wake by sending, watch, leave, come back, play."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.patience import until

from .browser import signed_in
from .panel import PASSWORD, Panel

pytestmark = pytest.mark.browser

NAME = "talks"
CHAT = f"/deployments/{NAME}/chat/"
BOOT_MS = 60_000
MEMBER = """
from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import Role
user = User.objects.create_user("anna", password={password!r}, first_name="Anna")
give_role(user, Role.MEMBER)
"""


def last(page: Page) -> str:
    """The selector of the newest turn."""
    return f"#{page.locator('.turn').last.get_attribute('id')}"


def say(page: Page, text: str) -> None:
    """Type and press Enter; returns when the reply has its place."""
    count = page.locator(".turn").count()
    page.locator("#msg").fill(text)
    page.locator("#msg").press("Enter")
    expect(page.locator(".turn")).to_have_count(count + 2)


def written(page: Page, least: int) -> None:
    """The newest answer has so many characters before long."""
    answer = f"{last(page)} [data-answer]"
    page.wait_for_function(
        "([where, least]) => document.querySelector(where).textContent.length > least", arg=[answer, least]
    )


def finished(page: Page, timeout_ms: int = BOOT_MS) -> None:
    expect(page.locator(".turn").last.locator(".receipt")).to_be_visible(timeout=timeout_ms)


def test_a_member_talks(panel: Panel, chromium: Browser) -> None:
    server = panel.make(NAME)
    # A Sleep within the warm-up may have to end the endpoint too, at this speed: not what is asked here.
    server.without_warm_up()
    server.start()
    server.reaches("ready")
    server.sleep(force=True)
    server.reaches("asleep")
    panel.shell(MEMBER.format(password=PASSWORD))
    context = signed_in(chromium, panel, who="anna")
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    page = context.new_page()
    _wakes_by_sending(page, panel)
    _sees_it_in_another_tab(context, page)
    _leaves_and_comes_back(page)
    _stops_goes_on_edits_and_asks_again(page)
    _plays(page)
    _takes_it_along(page)
    assert complaints == []
    context.close()


def _wakes_by_sending(page: Page, panel: Panel) -> None:
    page.goto(panel.url + CHAT)
    button = page.locator("#send-button")
    expect(button).to_have_text(re.compile(r"Wake and send \(about \$\d+\.\d\d\)"), timeout=BOOT_MS)
    page.locator("#msg").fill("Show me a table, please")
    button.click()
    expect(page).to_have_url(re.compile(rf"{CHAT}[\w-]{{22}}/$"))
    expect(page.locator(".wake")).to_contain_text("so far", timeout=BOOT_MS)
    expect(page.locator(".wake")).to_contain_text("you can close this tab")
    expect(page.locator("#send-button")).to_have_text("Send when ready")
    page.get_by_role("button", name="Tell me when ready").click()
    expect(page.locator(".toast")).to_contain_text(f"{NAME} is ready", timeout=BOOT_MS)
    finished(page)
    turn = page.locator(".turn").last
    expect(turn.locator("table")).to_contain_text("BF16")
    expect(turn.locator("[data-thought]")).to_contain_text("Thought for")
    expect(turn.locator("[data-thoughts]")).to_contain_text("No model thinks here.")
    for figure in ("waited", "first token", "tok/s", "in", "out"):
        expect(turn.locator(".receipt")).to_contain_text(figure)
    expect(page.locator("#chat-title")).to_have_text("Show me a table, please")
    expect(page.locator(".chat-list")).to_contain_text("Show me a table, please")


def _sees_it_in_another_tab(context: BrowserContext, page: Page) -> None:
    other = context.new_page()
    other.goto(page.url)
    say(page, "Some code, please")
    expect(other.locator(".turn").last.locator("pre")).to_contain_text("word_counts", timeout=20_000)
    finished(page)
    other.close()


def _leaves_and_comes_back(page: Page) -> None:
    say(page, "Write 3000 words")
    written(page, 2000)
    page.locator("#msg").fill("half a thought")
    page.reload()
    expect(page.locator("#msg")).to_have_value("half a thought")
    written(page, len(page.locator(f"{last(page)} [data-answer]").inner_text()) + 500)
    page.locator("#msg").fill("")


def _stops_goes_on_edits_and_asks_again(page: Page) -> None:
    reply = last(page)
    page.locator(f"{reply} [data-stop]").click()
    expect(page.locator(f"{reply} [data-foot]")).to_contain_text("Stopped by you.")
    length = len(page.locator(f"{reply} [data-answer]").inner_text())
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(f"{reply} [data-stop]")).to_be_visible()
    written(page, length + 300)
    page.locator(f"{reply} [data-stop]").click()
    expect(page.locator(f"{reply} [data-foot]")).to_contain_text("Stopped by you.")

    question = page.locator(".turn.you").last
    question.hover()
    question.get_by_role("link", name="Edit").click()
    question.locator("textarea").fill("Only a table, please")
    question.get_by_role("button", name="Send as a new version").click()
    expect(page.locator(".turn.you").last.locator(".versions")).to_contain_text("2/2")
    finished(page)
    page.locator(".turn").last.get_by_role("button", name="Regenerate").click()
    expect(page.locator(".turn").last.locator(".versions")).to_contain_text("2/2")
    finished(page)
    page.locator(".turn.you").last.get_by_role("button", name="Earlier version").click()
    expect(page.locator(".turn.you").last.locator("[data-said]")).to_have_text("Write 3000 words")
    page.locator(".turn.you").last.get_by_role("button", name="Later version").click()
    expect(page.locator(".turn.you").last.locator("[data-said]")).to_have_text("Only a table, please")


def _plays(page: Page) -> None:
    say(page, "A small HTML game, please")
    finished(page)
    page.locator(".turn").last.get_by_role("link", name=re.compile("Preview")).click()
    frame = page.frame_locator("#preview iframe")
    expect(frame.locator("#score")).to_have_text(re.compile(r"Score \d+"))
    expect(page.locator("#preview iframe")).to_be_focused()
    inside = next(one for one in page.frames if "/chat/previews/" in one.url)
    page.keyboard.down("ArrowLeft")
    until(lambda: _moved(page, inside))
    page.keyboard.up("ArrowLeft")
    assert inside.evaluate("localStorage.setItem('a', 'b'); localStorage.getItem('a')") == "b"
    page.keyboard.press("Escape")
    expect(page.locator("[data-close-preview]")).to_be_focused()
    page.locator("[data-show=source]").click()
    expect(page.locator("#preview .source")).to_contain_text("Keep the flame")
    page.locator("[data-close-preview]").click()
    expect(page.locator("#preview")).to_have_count(0)


def _moved(page: Page, game: Frame) -> bool:
    """The flame left its place, half of 480; one that a drop has met is lit again first."""
    page.keyboard.press("Space")
    return bool(game.evaluate("flame.x") < 240)


def _takes_it_along(page: Page) -> None:
    page.locator("#chat-menu summary").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export as Markdown").click()
    text = taken.value.path().read_text()
    assert "Only a table, please" in text
    assert "```html" in text
