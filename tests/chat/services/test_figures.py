"""Estimates and receipts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chat.models import Conversation, Message
from chat.services import attachments, replies
from chat.services.estimate import context_use, tokens
from chat.services.receipt import receipt
from controlpanel.models import User

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


# The counts beside each text are those of a byte-pair vocabulary of about 100,000 entries.
@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("Hello, world!", 4),
        ("import os\nfor name in os.listdir('.'):\n    print(name)\n", 17),
        ("", 0),
    ],
)
def test_estimate_is_near(text: str, true: int) -> None:
    assert abs(tokens(text) - true) <= max(2, true * 0.35)


def test_receipt_says_what_is_known() -> None:
    message = Message(
        started_at=T0,
        waited_s=60.0,
        first_token_at=T0 + timedelta(seconds=61.5),
        reasoning_ended_at=T0 + timedelta(seconds=63.5),
        written_s=10.0,
        prompt_tokens=100,
        completion_tokens=201,
        reasoning_tokens=50,
        cost_usd=Decimal("0.0123"),
    )
    figures = receipt(message)
    assert (figures.ttft_s.value, figures.thinking_s.value) == (1.5, 2.0)
    assert (figures.tokens_per_s.value, figures.answer_tokens.value) == (20.0, 151)
    assert (figures.cached_tokens.value, figures.cost_usd.value) == (None, Decimal("0.0123"))
    assert all(getattr(figures, name).how.endswith(".") or name == "cost_usd" for name in figures.__slots__)


def test_receipt_of_what_never_began_knows_nothing() -> None:
    figures = receipt(Message())
    assert (figures.ttft_s.value, figures.tokens_per_s.value, figures.answer_tokens.value) == (None,) * 3


def test_context_is_counted_from_what_the_engine_said(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "One")
    Message.objects.filter(pk=reply.pk).update(
        status="done", text="Yes.", prompt_tokens=1000, completion_tokens=300, reasoning_tokens=100
    )
    attachments.attach(anna, talk.public_id, "a.txt", b"word " * 50)
    talk.refresh_from_db()
    use = context_use(talk, "And two?")
    parts = {part.name: part for part in use.parts}
    assert (parts["history"].tokens, parts["history"].exact) == (1200, True)
    assert 40 <= parts["files"].tokens <= 60
    assert use.used == sum(part.tokens for part in use.parts)
    assert (use.limit, use.share) == (None, None)


def test_context_without_any_count_is_estimated(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "What is two and two?")
    Message.objects.filter(pk=reply.pk).update(status="done", text="Four.")
    talk.refresh_from_db()
    (part,) = context_use(talk, "").parts
    assert not part.exact
    assert 12 <= part.tokens <= 24
