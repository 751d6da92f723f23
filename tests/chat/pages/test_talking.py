"""A conversation by forms alone, as a browser without scripts has it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.models import Conversation, Message, Status
from controlpanel.models import User
from tests.deployments.pages.states import States

from .conftest import address, talk

Browser = Callable[[User], Client]
SCRIPTED = {"Panel-Script": "yes"}


def test_chat_is_the_first_tab(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    html = browser(anna).get("/deployments/ready/chat/").content.decode()
    tabs = html[html.index('<nav class="tabs"') :]
    assert tabs.index(">Chat<") < tabs.index(">Runs and cost<")
    assert 'id="status" data-state="ready"' in html


def test_a_question_begins_a_conversation(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    response = browser(anna).post("/deployments/ready/chat/ask/", {"text": "What is a pilot light?"})
    reply = Message.objects.get(status=Status.QUEUED)
    assert response["Location"] == f"{address(reply.conversation)}#m-{reply.public_id}"
    html = browser(anna).get(address(reply.conversation)).content.decode()
    assert "What is a pilot light?" in html
    assert f'data-live="/chat/replies/{reply.public_id}/stream"' in html
    assert ">Stop</button>" in html


def test_files_go_along(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    file = SimpleUploadedFile("tasks.py", b"import asyncio\n")
    browser(anna).post("/deployments/ready/chat/ask/", {"text": "Review it.", "files": file})
    question = Message.objects.get(role="user")
    assert [one.name for one in question.attachments.all()] == ["tasks.py"]


def test_what_is_refused_stays_as_a_draft(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    file = SimpleUploadedFile("image.png", b"\x89PNG\0\0")
    data = {"text": "What is on it?", "files": file}
    response = browser(anna).post("/deployments/ready/chat/ask/", data, follow=True)
    html = response.content.decode()
    assert "image.png is no text the model could read" in html
    assert ">What is on it?</textarea>" in html
    assert not Message.objects.exists()


@pytest.mark.parametrize("state", ["off", "failed", "stopping"])
def test_nothing_is_queued_that_could_not_be_answered(
    states: States, anna: User, browser: Browser, state: str
) -> None:
    getattr(states, state)()
    client = browser(anna)
    response = client.post(f"/deployments/{state}/chat/ask/", {"text": "Hello?"}, follow=True)
    assert ">Hello?</textarea>" in response.content.decode()
    assert not Message.objects.exists()


def test_a_reply_that_is_being_written_is_shown_so_far(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row = talk(anna, "ready", "Tell me.", "It **began** so", status=Status.STREAMING, reasoning="Hm.")
    html = browser(anna).get(address(row)).content.decode()
    assert "It <strong>began</strong> so" in html
    assert "Show what has come since" in html


def test_a_failed_reply_says_why_and_offers_another(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    why = {"status": Status.FAILED, "error_text": "The server died while loading.", "error_code": "failed"}
    row = talk(anna, "ready", "Tell me.", "", **why)
    html = browser(anna).get(address(row)).content.decode()
    assert "The server died while loading." in html
    assert "Try again" in html


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"status": Status.STOPPED}, True),
        ({"status": Status.INTERRUPTED}, True),
        ({"status": Status.DONE, "finish_reason": "length"}, True),
        ({"status": Status.DONE, "finish_reason": "stop"}, False),
    ],
)
def test_continue_is_offered_where_more_could_come(
    states: States, anna: User, browser: Browser, fields: dict[str, Any], offered: bool
) -> None:
    states.ready()
    row = talk(anna, "ready", "Tell me.", "Half", **fields)
    assert (">Continue<" in browser(anna).get(address(row)).content.decode()) is offered


def test_versions_lead_to_one_another(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row = talk(anna, "ready", "One?", "First answer")
    first = row.messages.last()
    client = browser(anna)
    client.post(f"/chat/messages/{first.public_id}/regenerate/")
    assert ">2/2</span>" in client.get(address(row)).content.decode()
    client.post(f"/chat/messages/{first.public_id}/show/")
    html = client.get(address(row)).content.decode()
    assert ">1/2</span>" in html
    assert "First answer" in html


def test_a_question_is_edited_on_its_own_page(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row = talk(anna, "ready", "Two plus too?", "Pardon?")
    question = row.messages.first()
    client = browser(anna)
    page = client.get(f"/chat/messages/{question.public_id}/edit/", follow=True).content.decode()
    assert ">Two plus too?</textarea>" in page
    client.post(f"/chat/messages/{question.public_id}/edit/send/", {"text": "Two plus two?"})
    row.refresh_from_db()
    assert row.head.parent.text == "Two plus two?"


def test_wrong_settings_are_named_at_their_fields(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    client, wrong = browser(anna), {"temperature": "9", "top_p": "0", "max_tokens": "-1", "system_prompt": ""}
    html = client.post("/deployments/ready/chat/parameters/", wrong).content.decode()
    assert "Use a number from 0 to 2" in html
    assert "above 0, at most 1" in html
    answer = client.post("/deployments/ready/chat/parameters/", wrong, headers=SCRIPTED)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"temperature", "top_p", "max_tokens"}


def test_settings_and_drafts_are_kept(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    client = browser(anna)
    good = {"temperature": "0.7", "top_p": "", "max_tokens": "500", "system_prompt": "Be brief."}
    base = client.post("/deployments/ready/chat/parameters/", good, headers=SCRIPTED).json()["base"]
    drafted = client.post(f"{base}draft/", {"text": "Half a thou"}, headers=SCRIPTED).json()
    assert "of 1,048,576" in drafted["gauge"] or "tokens" in drafted["gauge"]
    html = client.get(base).content.decode()
    assert ">Half a thou</textarea>" in html
    assert "Be brief.</textarea>" in html
    assert "Thinking off" in html
    assert Conversation.objects.count() == 1


def test_it_is_renamed_exported_found_and_deleted(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row, client = talk(anna, "ready", "How warm is a flame?", "About **1,900 °C**."), browser(anna)
    client.post(address(row, "rename/"), {"title": "Flames"})
    assert "Flames" in client.get("/deployments/ready/chat/?q=1,900").content.decode()
    assert "Flames" not in client.get("/deployments/ready/chat/?q=volcano").content.decode()
    exported = client.get(address(row, "export/"))
    assert "About **1,900 °C**." in exported.content.decode()
    assert exported["Content-Disposition"] == 'attachment; filename="flames.md"'
    assert "deleted for good" in client.get(address(row, "delete/")).content.decode()
    client.post(address(row, "delete/"))
    assert not Conversation.objects.exists()


def test_a_conversation_of_another_deployment_is_shown_where_it_belongs(
    states: States, anna: User, browser: Browser
) -> None:
    states.ready()
    states.asleep()
    row = talk(anna, "ready", "One?", "Two.")
    response = browser(anna).get(f"/deployments/asleep/chat/{row.public_id}/")
    assert response["Location"] == address(row)


def test_questions_are_text_and_never_markup(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row = talk(anna, "ready", "<script>alert(1)</script> **x**", "Fine.")
    html = browser(anna).get(address(row)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **x**" in html


def test_long_conversations_cost_no_more_queries(
    states: States, anna: User, browser: Browser, django_assert_max_num_queries: Any
) -> None:
    states.ready()
    short = talk(anna, "ready", *["One?", "Two."] * 2)
    long = talk(anna, "ready", *["One?", "Two."] * 40)
    for number in range(30):
        talk(anna, "ready", f"Question {number}", "Answer")
    client = browser(anna)
    for row in (short, long):
        client.get(address(row))  # answers are rendered and kept at the first look
    counts = []
    for row in (short, long):
        with django_assert_max_num_queries(60) as queries:
            assert client.get(address(row)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_page_that_is_open_asks_for_what_changed(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row, client = talk(anna, "ready", "One?", "Two."), browser(anna)
    first = client.get(address(row, "order/")).json()
    assert [pair[0] for pair in first["turns"]] == [one.public_id for one in row.messages.all()]
    assert client.get(address(row, f"order/?have={first['state']}")).status_code == 204
    client.post(address(row, "ask/"), {"text": "Three?"})
    now = client.get(address(row, f"order/?have={first['state']}")).json()
    new = [pair[0] for pair in now["turns"]][2:]
    markup = client.get(address(row, f"turns/?ids={','.join(new)}")).json()["turns"]
    assert "Three?" in markup[new[0]]
    assert "data-live" in markup[new[1]]
