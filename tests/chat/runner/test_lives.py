"""Signs of life, and what becomes of the replies of a dead generator."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Conversation, Generator, Message
from chat.public import generator_age_s, generator_runs
from chat.runner import lives, rows
from chat.services import replies
from controlpanel.models import User

NOW = timezone.now()
LATER = NOW + timedelta(seconds=10)


@pytest.fixture
def generator(db: None) -> Generator:
    return lives.begin_life(NOW)


@pytest.fixture
def claimed(talk: Conversation, anna: User, generator: Generator) -> Message:
    replies.ask(anna, talk.public_id, "Hello")
    (row,) = rows.claim(generator, 10)
    return row


def test_reply_is_claimed_once(claimed: Message, generator: Generator) -> None:
    assert rows.claim(lives.begin_life(NOW), 10) == []
    assert Message.objects.get(pk=claimed.pk).generator == generator


def test_living_generator_keeps_its_replies(claimed: Message, generator: Generator) -> None:
    assert lives.beat(generator, LATER)
    assert lives.take_over(LATER) == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, "queued", ""),
        ({"status": "waking"}, "queued", ""),
        ({"status": "streaming", "text": "Hel"}, "interrupted", "generator_died"),
        ({"status": "streaming", "reasoning": "Hm"}, "interrupted", "generator_died"),
        ({"asked_times": rows.MOST_ASKED_TIMES}, "interrupted", "generator_died"),
        ({"status": "streaming", "text": "Hel", "stop_asked_at": NOW}, "stopped", ""),
    ],
)
def test_what_a_dead_generator_leaves(
    claimed: Message, generator: Generator, changes: dict[str, object], status: str, code: str
) -> None:
    Message.objects.filter(pk=claimed.pk).update(**changes)
    ((public_id, told),) = lives.take_over(LATER)
    row = Message.objects.get(pk=claimed.pk)
    assert (row.status, row.error_code, row.generator, row.text) == (
        status, code, None, changes.get("text", ""),
    )  # fmt: skip
    assert (public_id, told[-1][1]["status"]) == (row.public_id, status)
    assert lives.take_over(LATER) == []
    assert not lives.beat(generator, LATER)


def test_reply_that_nobody_holds_is_taken_over(claimed: Message, generator: Generator) -> None:
    Message.objects.filter(pk=claimed.pk).update(status="streaming", text="Hel")
    generator.delete()
    lives.take_over(NOW)
    assert Message.objects.get(pk=claimed.pk).status == "interrupted"


def test_pages_know_whether_anybody_writes(generator: Generator) -> None:
    assert generator_runs(NOW)
    assert not generator_runs(LATER)
    assert generator_age_s(LATER) == 10
    lives.end_life(generator, NOW)
    assert not generator_runs(NOW)


def test_rows_of_long_ago_are_dropped(generator: Generator) -> None:
    lives.begin_life(NOW + timedelta(days=2))
    assert Generator.objects.count() == 1


def test_checkpoint_tells_what_changed_behind_its_back(
    claimed: Message, generator: Generator, anna: User
) -> None:
    replies.stop(anna, claimed.public_id)
    orders = rows.checkpoint(generator, [], [claimed.pk, claimed.pk + 1], NOW)
    assert (orders.stop, orders.lost) == ({claimed.pk}, {claimed.pk + 1})
