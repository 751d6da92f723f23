"""Nobody wakes a server from the chat without having seen what that costs."""

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.models import Conversation, Message, Status
from controlpanel.models import User
from deployments.models import Freeze
from deployments.planning.power import SYSTEM
from deployments.public import quote_for
from tests.deployments.pages.states import States

from .conftest import address, talk

Browser = Callable[[User], Client]
SCRIPTED = {"Panel-Script": "yes"}
WAYS = ["ask-new", "ask", "edit", "regenerate", "continue"]


@pytest.fixture
def row(states: States, anna: User) -> Conversation:
    """A conversation of Anna's, whose last reply was broken off, with a server that sleeps."""
    states.asleep()
    return talk(anna, "asleep", "One?", "Half", status=Status.STOPPED)


def path(row: Conversation, way: str) -> str:
    question, reply = row.messages.all()
    return {
        "ask-new": "/deployments/asleep/chat/ask/",
        "ask": address(row, "ask/"),
        "edit": f"/chat/messages/{question.public_id}/edit/send/",
        "regenerate": f"/chat/messages/{reply.public_id}/regenerate/",
        "continue": f"/chat/messages/{reply.public_id}/continue/",
    }[way]


def price() -> Decimal:
    quote = quote_for("asleep", SYSTEM)
    assert quote is not None
    return quote.total_usd


def queued() -> int:
    return Message.objects.filter(status=Status.QUEUED).count()


@pytest.mark.parametrize("way", WAYS)
def test_a_form_that_showed_no_price_is_asked_about_first(
    row: Conversation, anna: User, browser: Browser, way: str
) -> None:
    """As a page, which goes on with the same text; and that is what it does."""
    client, text = browser(anna), "Two <b>&\n three?"
    page = client.post(path(row, way), {"text": text})
    html = page.content.decode()
    assert (page.status_code, queued()) == (409, 0)
    assert f"about ${price():.2f}"[:9] in html
    assert "ready in about 4½ min" in html
    action = re.findall(r'<form method="post" action="([^"]+)"', html.partition("wake-h")[0])[-1]
    kept = re.search(r'name="text" hidden>(.*?)</textarea>', html, re.DOTALL)
    seen = re.search(r'name="seen_usd" value="([^"]+)"', html)
    assert kept
    assert seen
    assert unescape(kept[1]) == text
    client.post(action, {"text": unescape(kept[1]), "seen_usd": seen[1]})
    assert Message.objects.get(status=Status.QUEUED).may_wake
    if way in ("ask-new", "ask", "edit"):
        assert Message.objects.filter(role="user").latest("id").text == text


@pytest.mark.parametrize("way", WAYS)
def test_the_script_gets_a_dialog(row: Conversation, anna: User, browser: Browser, way: str) -> None:
    answer = browser(anna).post(path(row, way), {"text": "Two?"}, headers=SCRIPTED)
    assert (answer.status_code, answer.json()["code"], queued()) == (409, "price_unseen", 0)
    assert answer.json()["dialog"].startswith('<dialog id="wake"')
    assert (answer.json()["base"] == address(row)) == (way != "ask-new")


@pytest.mark.parametrize(
    ("share", "goes"), [("1", True), ("0.9", True), ("0.5", False), ("NaN", False), ("x", False)]
)
def test_a_price_well_below_is_shown_again(
    row: Conversation, anna: User, browser: Browser, share: str, goes: bool
) -> None:
    seen = str(price() * Decimal(share)) if share != "x" else "cheap"
    answer = browser(anna).post(path(row, "regenerate"), {"seen_usd": seen})
    assert (answer.status_code, queued()) == ((302, 1) if goes else (409, 0))


@pytest.mark.parametrize("state", ["ready", "waking"])
def test_what_is_lit_or_paid_for_already_is_asked_at_once(
    states: States, anna: User, browser: Browser, state: str
) -> None:
    getattr(states, state)()
    reply = talk(anna, state, "One?", "Two").head
    html = browser(anna).get(address(reply.conversation)).content.decode()
    assert "(wakes, about" not in html
    assert browser(anna).post(f"/chat/messages/{reply.public_id}/regenerate/").status_code == 302
    assert not Message.objects.get(
        status=Status.QUEUED
    ).may_wake  # should it sleep by then, it is left asleep


def test_what_goes_along_is_kept_while_the_price_is_asked_about(
    row: Conversation, anna: User, browser: Browser
) -> None:
    file = SimpleUploadedFile("tasks.py", b"import asyncio\n")
    client = browser(anna)
    client.post(path(row, "ask"), {"text": "Review it.", "files": file})
    page = client.get(address(row)).content.decode()
    assert ">Review it.</textarea>" in page
    client.post(path(row, "ask"), {"text": "Review it.", "seen_usd": str(price())})
    question = Message.objects.get(text="Review it.")
    assert [one.name for one in question.attachments.all()] == ["tasks.py"]


def test_every_button_names_the_price_or_that_it_cannot(
    row: Conversation, anna: User, browser: Browser
) -> None:
    client = browser(anna)
    html = client.get(address(row, f"?edit={row.messages.first().public_id}")).content.decode()
    for name in ("Continue", "Regenerate", "Send as a new version"):
        assert re.search(rf">{name}<span data-wakes> \(wakes, about \$\d", html), name
    assert html.count("data-seen>") == 3  # the composer, the edited question, the reply
    Freeze.objects.create(set_by_name="Ben", set_at=row.updated_at)
    html = client.get(address(row)).content.decode()
    assert 'data-asks aria-disabled="true" aria-describedby="send-why"' in html
    assert "Frozen: nothing can be lit" in html


def test_the_state_of_its_own_deployment_decides(
    row: Conversation, states: States, anna: User, browser: Browser
) -> None:
    """Not that of the address, which may name another one."""
    states.ready()
    answer = browser(anna).post(f"/deployments/ready/chat/{row.public_id}/ask/", {"text": "Two?"})
    assert (answer.status_code, queued()) == (409, 0)
