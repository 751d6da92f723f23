"""Asking, editing, asking again, going on, stopping: what stands in the rows."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from chat.models import Conversation, Message
from chat.services import attachments, conversations, replies
from chat.services.branch import branch
from chat.services.errors import ChatRefused
from controlpanel.models import User


def end(reply: Message, **fields: object) -> Message:
    values = {"status": "done", "text": "Yes.", "finish_reason": "stop"} | fields
    Message.objects.filter(pk=reply.pk).update(**values)
    reply.refresh_from_db()
    return reply


def shown(talk: Conversation) -> list[tuple[str, str, int, int]]:
    talk.refresh_from_db()
    return [(one.message.role, one.message.text, one.position, len(one.versions)) for one in branch(talk)]


def test_ask_writes_question_and_queued_reply(talk: Conversation, anna: User) -> None:
    conversations.save_draft(anna, talk.public_id, "What is")
    file = attachments.attach(anna, talk.public_id, "a.py", b"print(1)")
    reply = replies.ask(anna, talk.public_id, "\nWhat is two and two?\r\n")
    talk.refresh_from_db()
    file.refresh_from_db()
    assert (reply.status, reply.role, reply.parent.text) == ("queued", "assistant", "What is two and two?")
    assert (talk.draft, talk.title, talk.head_id) == ("", "What is two and two?", reply.pk)
    assert file.message_id == reply.parent_id


def test_next_question_goes_below_the_head_and_keeps_the_title(talk: Conversation, anna: User) -> None:
    end(replies.ask(anna, talk.public_id, "One"))
    end(replies.ask(anna, talk.public_id, "Two"))
    assert [text for _, text, *_ in shown(talk)] == ["One", "Yes.", "Two", "Yes."]
    assert talk.title == "One"


def test_title_is_cut_at_a_word_and_stays_once_given(talk: Conversation, anna: User) -> None:
    end(replies.ask(anna, talk.public_id, "word " * 40))
    talk.refresh_from_db()
    assert talk.title == "word " * 11 + "word…"
    conversations.rename(anna, talk.public_id, " My  talk ")
    question = talk.messages.get(role="user")
    replies.edit(anna, question.public_id, "Another")
    talk.refresh_from_db()
    assert talk.title == "My talk"


def test_edit_and_regenerate_make_versions(talk: Conversation, anna: User) -> None:
    attachments.attach(anna, talk.public_id, "a.py", b"print(1)")
    first = end(replies.ask(anna, talk.public_id, "One"))
    second = end(replies.regenerate(anna, first.public_id), text="No.")
    third = end(replies.edit(anna, first.parent.public_id, "Uno"), text="Si.")
    assert shown(talk) == [("user", "Uno", 2, 2), ("assistant", "Si.", 1, 1)]
    assert [file.name for file in third.parent.attachments.all()] == ["a.py"]
    assert replies.show_version(anna, first.parent.public_id) == second
    assert shown(talk) == [("user", "One", 1, 2), ("assistant", "No.", 2, 2)]
    assert replies.show_version(anna, first.public_id) == first
    assert shown(talk)[-1] == ("assistant", "Yes.", 1, 2)


def test_question_can_go_below_an_older_reply(talk: Conversation, anna: User) -> None:
    first = end(replies.ask(anna, talk.public_id, "One"))
    end(replies.ask(anna, talk.public_id, "Two"))
    replies.ask(anna, talk.public_id, "Three", parent=first.public_id)
    assert [text for _, text, *_ in shown(talk)] == ["One", "Yes.", "Three", ""]


def test_only_one_reply_at_a_time(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "One")
    for call in (
        lambda: replies.ask(anna, talk.public_id, "Two"),
        lambda: replies.regenerate(anna, reply.public_id),
        lambda: replies.edit(anna, reply.parent.public_id, "Uno"),
    ):
        with pytest.raises(ChatRefused, match="still being written") as refused:
            call()
        assert refused.value.code == "busy"
    assert talk.messages.count() == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_two_questions_at_once_one_is_taken(talk: Conversation, anna: User) -> None:
    codes: list[str] = []
    barrier = threading.Barrier(2)

    def ask() -> None:
        barrier.wait()
        try:
            replies.ask(anna, talk.public_id, "One")
            codes.append("taken")
        except ChatRefused as error:
            codes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["busy", "taken"]
    assert talk.messages.count() == 2


@pytest.mark.parametrize(("text", "code"), [(" \n ", "empty"), ("x" * 400_001, "invalid")])
def test_bad_questions_name_the_field(talk: Conversation, anna: User, text: str, code: str) -> None:
    with pytest.raises(ChatRefused) as refused:
        replies.ask(anna, talk.public_id, text)
    assert (refused.value.code, list(refused.value.fields)) == (code, ["text"])


@pytest.mark.parametrize(
    ("fields", "goes_on"),
    [
        ({"status": "interrupted"}, True),
        ({"status": "stopped"}, True),
        ({"status": "done", "finish_reason": "length"}, True),
        ({"status": "done"}, False),
        ({"status": "failed"}, False),
    ],
)
def test_what_can_go_on(talk: Conversation, anna: User, fields: dict[str, object], goes_on: bool) -> None:
    reply = end(replies.ask(anna, talk.public_id, "One"), reasoning="Hm.", html="<p>Yes.</p>", **fields)
    if goes_on:
        again = replies.carry_on(anna, reply.public_id)
        assert (again.status, again.text, again.reasoning, again.html) == ("queued", "Yes.", "Hm.", "")
    else:
        with pytest.raises(ChatRefused) as refused:
            replies.carry_on(anna, reply.public_id)
        assert refused.value.code == "cannot"


def test_going_on_without_any_text_begins_anew(talk: Conversation, anna: User) -> None:
    reply = end(replies.ask(anna, talk.public_id, "One"), status="stopped", text="", reasoning="Hm.")
    assert replies.carry_on(anna, reply.public_id).reasoning == ""


def test_reply_with_something_below_does_not_go_on(talk: Conversation, anna: User) -> None:
    reply = end(replies.ask(anna, talk.public_id, "One"), status="stopped")
    end(replies.ask(anna, talk.public_id, "Two"))
    with pytest.raises(ChatRefused, match="cannot go on"):
        replies.carry_on(anna, reply.public_id)


def test_stop_of_what_nobody_took_ends_it_at_once(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "One")
    replies.stop(anna, reply.public_id)
    replies.stop(anna, reply.public_id)
    reply.refresh_from_db()
    assert reply.status == "stopped"
    assert reply.finished_at is not None


def test_nothing_of_somebody_else_is_found(talk: Conversation, anna: User, ben: User) -> None:
    reply = end(replies.ask(anna, talk.public_id, "One"), status="stopped")
    file = attachments.attach(anna, talk.public_id, "a.py", b"print(1)")
    calls: list[Callable[[], object]] = [
        lambda: conversations.found(ben, talk.public_id),
        lambda: conversations.rename(ben, talk.public_id, "Mine"),
        lambda: conversations.delete(ben, talk.public_id),
        lambda: conversations.save_draft(ben, talk.public_id, "x"),
        lambda: replies.ask(ben, talk.public_id, "x"),
        lambda: replies.edit(ben, reply.parent.public_id, "x"),
        lambda: replies.regenerate(ben, reply.public_id),
        lambda: replies.carry_on(ben, reply.public_id),
        lambda: replies.stop(ben, reply.public_id),
        lambda: replies.show_version(ben, reply.public_id),
        lambda: attachments.attach(ben, talk.public_id, "b.py", b"print(2)"),
        lambda: attachments.detach(ben, file.public_id),
    ]
    for call in calls:
        with pytest.raises(ChatRefused) as refused:
            call()
        assert refused.value.code == "not_found"
    assert conversations.listed(ben) == []
