"""Signs of life, and what becomes of the replies of a dead generator."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from chat.models import WAITS_AT_MOST, Conversation, Generator, Message
from chat.public import generator_age_s, generator_runs
from chat.runner import lives, rows
from chat.runner.writing import Writing
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
    (row,) = rows.claim(generator, 10, NOW)
    return row


def test_reply_is_claimed_once(claimed: Message, generator: Generator) -> None:
    assert rows.claim(lives.begin_life(NOW), 10, NOW) == []
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


def too_late(reply: Message) -> datetime:
    return reply.waits_since + WAITS_AT_MOST


def test_what_nobody_took_in_time_is_never_written(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "Hello")
    late = too_late(reply)
    assert lives.take_over(late - timedelta(seconds=1)) == []
    assert rows.claim(lives.begin_life(late), 10, late) == []
    ((public_id, ((kind, told),)),) = lives.take_over(late)
    reply.refresh_from_db()
    assert (reply.status, reply.error_code, reply.finished_at) == ("failed", "too_late", late)
    assert "Send it again" in reply.error_text
    assert (public_id, kind, told["status"]) == (reply.public_id, "state", "failed")
    assert lives.take_over(late) == []


def test_a_continue_that_nobody_took_keeps_its_text(talk: Conversation, anna: User) -> None:
    reply = replies.ask(anna, talk.public_id, "Hello")
    old = NOW - timedelta(days=1)
    Message.objects.filter(pk=reply.pk).update(
        status="interrupted", text="Hel", finished_at=NOW, waits_since=old
    )
    replies.carry_on(anna, reply.public_id)
    reply.refresh_from_db()
    assert lives.take_over(too_late(reply) - timedelta(seconds=1)) == []
    lives.take_over(too_late(reply))
    reply.refresh_from_db()
    assert (reply.status, reply.text, reply.can_go_on) == ("interrupted", "Hel", True)


@pytest.mark.parametrize(
    ("dead_for", "status"), [(timedelta(minutes=1), "queued"), (WAITS_AT_MOST, "failed")]
)
def test_what_a_dead_generator_left_waits_on_from_its_last_sign_of_life(
    claimed: Message, generator: Generator, dead_for: timedelta, status: str
) -> None:
    Message.objects.filter(pk=claimed.pk).update(status="waking", waits_since=NOW - timedelta(hours=1))
    lives.take_over(NOW + dead_for)
    assert Message.objects.get(pk=claimed.pk).status == status


def test_what_is_given_back_has_its_time_anew(claimed: Message, generator: Generator) -> None:
    late = too_late(claimed)
    assert rows.give_back(generator, claimed.pk, late)
    assert rows.claim(generator, 10, late + timedelta(minutes=1)) == [claimed]


def test_a_reply_that_no_row_can_hold_keeps_no_other_from_its_own(
    claimed: Message, generator: Generator
) -> None:
    good, bad = Writing(claimed.pk, claimed.public_id, text="Hi"), Writing(claimed.pk, "bad")
    bad.calls.parts[0] = {"arguments": object()}  # type: ignore[dict-item]
    bad.pk = -1
    orders = rows.checkpoint(generator, [bad, good], [claimed.pk], NOW)
    assert (orders.broken, Message.objects.get(pk=claimed.pk).text) == ({-1}, "Hi")
