"""Whose conversation it is, and who may talk at all."""

from collections.abc import Callable

import pytest
from django.test import Client

from chat.models import Conversation, Message
from controlpanel.models import User
from deployments.planning.power import Role
from tests.deployments.pages.conftest import person
from tests.deployments.pages.states import States

from .conftest import address, talk

PAGE = "```html\n<!doctype html><html><title>x</title><p>hello</p></html>\n```\n"
Browser = Callable[[User], Client]


@pytest.fixture
def others(states: States, anna: User) -> Conversation:
    states.ready()
    return talk(anna, "ready", "Who am I?", PAGE)


@pytest.mark.parametrize("tail", ["", "export/", "order/", "turns/?ids=x", "around/", "delete/"])
def test_anothers_conversation_is_not_found(
    others: Conversation, ben: User, browser: Browser, tail: str
) -> None:
    assert browser(ben).get(address(others, tail)).status_code == 404


@pytest.mark.parametrize(
    "tail", ["ask/", "draft/", "attach/", "detach/", "parameters/", "rename/", "delete/"]
)
def test_anothers_conversation_cannot_be_written(
    others: Conversation, ben: User, browser: Browser, tail: str
) -> None:
    assert browser(ben).post(address(others, tail), {"text": "x", "title": "x"}).status_code == 404
    others.refresh_from_db()
    assert (others.title, others.draft) == ("Who am I?", "")


@pytest.mark.parametrize("tail", ["foot/", "waiting/", "edit/"])
def test_anothers_message_is_not_found(others: Conversation, ben: User, browser: Browser, tail: str) -> None:
    reply = others.messages.last()
    assert browser(ben).get(f"/chat/messages/{reply.public_id}/{tail}").status_code == 404


@pytest.mark.parametrize("act", ["edit/send", "regenerate", "continue", "stop", "show"])
def test_anothers_message_cannot_be_touched(
    others: Conversation, ben: User, browser: Browser, act: str
) -> None:
    reply = others.messages.last()
    assert browser(ben).post(f"/chat/messages/{reply.public_id}/{act}/", {"text": "x"}).status_code == 404
    assert Message.objects.count() == 2


@pytest.mark.parametrize("tail", ["", "panel/", "source/", "download/"])
def test_anothers_preview_is_not_found(others: Conversation, ben: User, browser: Browser, tail: str) -> None:
    reply = others.messages.last()
    assert browser(ben).get(f"/chat/previews/{reply.public_id}/0/{tail}").status_code == 404


def test_anothers_stream_is_not_found(others: Conversation, ben: User, browser: Browser) -> None:
    reply = others.messages.last()
    assert browser(ben).get(f"/chat/replies/{reply.public_id}/stream").status_code == 404


def test_anothers_conversation_is_in_no_list(others: Conversation, ben: User, browser: Browser) -> None:
    assert "Who am I?" not in browser(ben).get("/deployments/ready/chat/?q=am").content.decode()


def test_a_viewer_is_told_what_is_missing(states: States, browser: Browser) -> None:
    states.ready()
    response = browser(person(Role.VIEWER)).get("/deployments/ready/chat/")
    assert response.status_code == 403
    assert "Your role does not include “chat”" in response.content.decode()
