"""Lists, titles, settings, export, deletion."""

from decimal import Decimal
from typing import Any

import pytest

from chat.models import Attachment, Conversation, Message
from chat.services import attachments, conversations, replies
from chat.services.branch import branch
from chat.services.errors import ChatRefused
from controlpanel.models import User

SLUG = "glm-5-2-fp8"


def talk_about(user: User, text: str, slug: str = SLUG) -> Conversation:
    row = conversations.begin(user, slug)
    reply = replies.ask(user, row.public_id, text)
    Message.objects.filter(pk=reply.pk).update(status="done", text=f"About {text}: of course.")
    return row


def titles(rows: list[Conversation]) -> list[str]:
    return [row.title for row in rows]


def test_list_has_the_last_used_first_and_pages(anna: User) -> None:
    for text in ("one", "two", "three"):
        talk_about(anna, text)
    first = conversations.listed(anna, limit=2)
    assert titles(first) == ["three", "two"]
    assert titles(conversations.listed(anna, limit=2, after=first[-1].public_id)) == ["one"]


def test_search_finds_titles_and_what_was_said(anna: User, ben: User) -> None:
    talk_about(anna, "Whales")
    talk_about(anna, "Birds", "another")
    talk_about(ben, "Whales too")
    assert titles(conversations.listed(anna, query="whale")) == ["Whales"]
    assert titles(conversations.listed(anna, query="About Birds: of")) == ["Birds"]
    assert titles(conversations.listed(anna, slug="another")) == ["Birds"]
    assert conversations.listed(anna, query="100%") == []


def test_untouched_conversation_is_given_again(anna: User) -> None:
    first = conversations.begin(anna, SLUG)
    assert conversations.begin(anna, SLUG) == first
    conversations.save_draft(anna, first.public_id, "Hello")
    assert conversations.begin(anna, SLUG) != first


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"temperature": Decimal("2.1")}, "temperature"),
        ({"temperature": Decimal("NaN")}, "temperature"),
        ({"top_p": Decimal(0)}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"system_prompt": "x" * 40_001}, "system_prompt"),
    ],
)
def test_wrong_parameters_name_their_field(talk: Conversation, anna: User, changes: Any, field: str) -> None:
    values = {"system_prompt": "", "temperature": None, "top_p": None, "max_tokens": None} | changes
    with pytest.raises(ChatRefused) as refused:
        conversations.set_parameters(anna, talk.public_id, **values, reasoning=True)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
def test_bad_titles_are_refused(talk: Conversation, anna: User, title: str) -> None:
    with pytest.raises(ChatRefused) as refused:
        conversations.rename(anna, talk.public_id, title)
    assert list(refused.value.fields) == ["title"]


def test_delete_leaves_nothing(anna: User) -> None:
    row = talk_about(anna, "Whales")
    attachments.attach(anna, row.public_id, "a.py", b"print(1)")
    conversations.delete(anna, row.public_id)
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


def test_export_has_the_branch_with_files_and_reasoning(anna: User) -> None:
    row = conversations.begin(anna, SLUG)
    attachments.attach(anna, row.public_id, "a.py", b"print(1)")
    reply = replies.ask(anna, row.public_id, "Whales?")
    Message.objects.filter(pk=reply.pk).update(
        status="interrupted", text="Big.", reasoning="Hm.", model="glm", error_text="It broke off."
    )
    row.refresh_from_db()
    text = conversations.export_markdown(row)
    parts = ["# Whales?", "## You", "*File: a.py*", "\n\nWhales?", "## glm", "Hm.", "Big.", "It broke off."]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_branch_takes_as_many_queries_for_a_long_one(
    talk: Conversation, anna: User, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        reply = replies.ask(anna, talk.public_id, f"Question {number}")
        Message.objects.filter(pk=reply.pk).update(status="done", text="Yes.")
    talk.refresh_from_db()
    with django_assert_num_queries(3):
        shown = branch(talk)
        assert [one.message.conversation.title for one in shown] == ["Question 0"] * 12
