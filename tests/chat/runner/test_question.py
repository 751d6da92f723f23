"""What is sent for a reply."""

from decimal import Decimal
from typing import Any

import pytest

from chat.models import Conversation, Message
from chat.runner.question import load
from chat.services import attachments, conversations, replies
from controlpanel.models import User


def end(reply: Message, **fields: Any) -> Message:
    Message.objects.filter(pk=reply.pk).update(**{"status": "done", "text": "Yes."} | fields)
    return reply


def sent(reply: Message) -> dict[str, Any]:
    question = load(reply.pk)
    assert question is not None
    return question.body


def test_plain_question_leaves_everything_to_the_engine(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "Hello")
    question = load(reply.pk)
    assert question is not None
    assert (question.owner_id, question.slug) == (anna.pk, talk.deployment_slug)
    assert question.body == {
        "model": "glm-5-2-fp8",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }


def test_branch_above_it_is_sent_without_reasoning_and_other_versions(talk: Conversation, anna: User) -> None:
    first = end(replies.ask(anna, talk.public_id, "One"), reasoning="Hm.")
    end(replies.regenerate(anna, first.public_id), text="No.")
    end(replies.ask(anna, talk.public_id, "Two"), text="")
    reply = replies.ask(anna, talk.public_id, "Three")
    assert [(turn["role"], turn["content"]) for turn in sent(reply)["messages"]] == [
        ("user", "One"), ("assistant", "No."), ("user", "Two"), ("user", "Three"),
    ]  # fmt: skip


def test_parameters_are_sent_where_they_are_set(talk: Conversation, anna: User) -> None:
    conversations.set_parameters(
        anna, talk.public_id, system_prompt="Be brief.", temperature=Decimal("0.7"), top_p=Decimal("0.95"),
        max_tokens=100, reasoning=False,
    )  # fmt: skip
    body = sent(replies.ask(anna, talk.public_id, "Hello"))
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.7, 0.95, 100)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("text", "fenced"),
    [("a = 1\n", "```\na = 1\n```"), ("```py\na\n```", "````\n```py\na\n```\n````"), ("x", "```\nx\n```")],
)
def test_files_go_whole_in_a_fence_they_cannot_leave(
    talk: Conversation, anna: User, text: str, fenced: str
) -> None:
    attachments.attach(anna, talk.public_id, "a`b.py", text.encode())
    (turn,) = sent(replies.ask(anna, talk.public_id, "Why?"))["messages"]
    assert turn["content"] == f"File `a'b.py`:\n{fenced}\n\nWhy?"


def test_continue_sends_the_part_that_is_there(talk: Conversation, anna: User) -> None:
    reply = end(replies.ask(anna, talk.public_id, "One"), status="stopped", text="Yes, ", reasoning="Hm.")
    replies.carry_on(anna, reply.public_id)
    body = sent(reply)
    assert body["messages"][-1] == {
        "role": "assistant", "content": "Yes, ", "reasoning": "Hm.", "reasoning_content": "Hm.",
    }  # fmt: skip
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


def test_nothing_is_asked_for_what_is_gone(db: None) -> None:
    assert load(1) is None
