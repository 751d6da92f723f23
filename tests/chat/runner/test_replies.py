"""Whole replies: a real door, the real openai package, the stand-in engine, a real broker."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
import redis
from django.conf import settings

from chat.markdown import render
from chat.models import Conversation, Message
from chat.services import conversations, replies
from chat.services.receipt import receipt
from chat.threads import in_thread
from controlpanel.models import User
from deployments.planning.power import Role
from deployments.public import ensure_defaults
from gateway.models import ApiKey
from tests.gateway.house import until

from .stage import LONG, becomes, fresh, read, read_until, shown, stage, statuses

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture(autouse=True)
def _built_in(db: None) -> None:
    ensure_defaults(token_id="ak", token_secret="as", is_sandbox=True, server_url="http://127.0.0.1:1")


async def test_whole_reply_reaches_reader_and_row(engine: str, talk: Conversation, anna: User) -> None:
    async with stage(engine) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, "Show me a Markdown tour.")
        events = await read(reply)
        row = await fresh(reply)
        await here.close_desks()
    reasoning, opened, blocks = shown(events)
    assert (statuses(events)[-1], events[-2].kind) == ("done", "receipt")
    assert (row.status, row.finish_reason, row.reasoning) == ("done", "stop", reasoning)
    assert reasoning
    assert opened == ""
    assert "".join(html for _, html in sorted(blocks.items())) == row.html == render(row.text)
    assert row.prompt_tokens
    assert row.completion_tokens
    assert row.completion_tokens > (row.reasoning_tokens or 0) > 0
    assert row.model == "glm-5.2-fp8"
    assert row.cost_usd is not None
    assert Decimal(0) < row.cost_usd < Decimal("0.2")
    figures = receipt(row)
    assert figures.ttft_s.value is not None
    assert figures.thinking_s.value is not None
    assert 0 < float(figures.tokens_per_s.value or 0) < 2000
    assert row.generator_id is None


async def test_stop_ends_it_at_the_engine_within_a_second(
    engine: str, talk: Conversation, anna: User
) -> None:
    async with stage(engine) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, LONG)
        await read_until(reply, "open")
        assert await here.running() == 1
        await in_thread(replies.stop, anna, reply.public_id)
        await until(here.idle, 1.0)
        row = await becomes(reply, "stopped")
        events = await read(reply)
    assert row.text
    assert row.html == render(row.text)
    assert statuses(events)[-1] == "stopped"
    assert row.stop_asked_at is not None
    assert row.prompt_tokens
    assert row.completion_tokens
    assert row.cost_usd


async def test_lost_nudge_of_a_stop_costs_a_period(
    engine: str, talk: Conversation, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.services.nudges._publish", lambda text: None)
    async with stage(engine) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, LONG)
        await read_until(reply, "open")
        await in_thread(replies.stop, anna, reply.public_id)
        await becomes(reply, "stopped", within_s=3.0)
        await until(here.idle, 1.0)


async def test_continue_goes_on_in_the_same_message(engine: str, talk: Conversation, anna: User) -> None:
    async with stage(engine):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Write a long text of 300 words.")
        await read_until(reply, "open")
        await in_thread(replies.stop, anna, reply.public_id)
        stopped = await becomes(reply, "stopped")
        await in_thread(replies.carry_on, anna, reply.public_id)
        events = await read(reply)
        row = await fresh(reply)
        whole = await in_thread(replies.regenerate, anna, reply.public_id)
        await read(whole)
        complete = await fresh(whole)
    assert row.status == "done"
    assert row.text.startswith(stopped.text)
    assert (row.text, row.reasoning) == (complete.text, complete.reasoning)
    assert "".join(html for _, html in sorted(shown(events)[2].items())) == row.html
    assert row.written_s > stopped.written_s


async def test_answer_cut_by_its_limit_can_go_on(engine: str, talk: Conversation, anna: User) -> None:
    values = {"system_prompt": "Be brief.", "temperature": Decimal("0.5"), "top_p": None, "max_tokens": 60}
    await in_thread(conversations.set_parameters, anna, talk.public_id, **values, reasoning=False)
    async with stage(engine):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello there")
        await read(reply)
        cut = await fresh(reply)
        await in_thread(replies.carry_on, anna, reply.public_id)
        await read(reply)
        row = await fresh(reply)
    assert (cut.finish_reason, cut.reasoning, cut.completion_tokens) == ("length", "", 60)
    assert row.completion_tokens is not None
    assert row.completion_tokens > 60
    assert "temperature=0.5" in row.text
    assert "messages: 2 (last roles: system, user)" in row.text


async def test_reader_who_comes_late_or_again_sees_the_same(
    engine: str, talk: Conversation, anna: User
) -> None:
    async with stage(engine):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Write a long text of 200 words.")
        first, second = await asyncio.gather(read(reply), read(reply))
        late = await read(reply)
        again = await read(reply, after=first[len(first) // 2].id)
    assert first == second
    assert shown(late) == shown(first)
    assert again == first[len(first) // 2 + 1 :]


async def test_two_generators_share_the_replies_of_two_people(
    engine: str, talk: Conversation, anna: User, ben: User
) -> None:
    talks = [talk, await in_thread(conversations.begin, ben, talk.deployment_slug)]
    async with stage(engine, desks=2):
        asked = [
            await in_thread(replies.ask, one.owner, one.public_id, "Write a long text of 100 words.")
            for one in talks
        ]
        await asyncio.gather(*map(read, asked))
        rows = [await fresh(reply) for reply in asked]
        usage = await in_thread(lambda: sorted(ApiKey.objects.values_list("owner__username", "internal")))
    assert [row.status for row in rows] == ["done", "done"]
    assert [row.asked_times for row in rows] == [1, 1]
    assert {name for name, _ in usage} == {"anna", "ben"}
    assert all(internal for _, internal in usage)


async def test_stopped_generator_leaves_a_reply_that_can_go_on(
    engine: str, talk: Conversation, anna: User
) -> None:
    async with stage(engine) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, LONG)
        await read_until(reply, "open")
        await here.close_desks()
        row = await fresh(reply)
        await until(here.idle, 1.0)
    assert (row.status, row.error_code, row.can_go_on) == ("interrupted", "restarted", True)
    assert row.text
    assert row.generator_id is None


async def test_engine_error_is_shown_in_its_own_words(engine: str, talk: Conversation, anna: User) -> None:
    values = {"system_prompt": "", "temperature": None, "top_p": None, "max_tokens": 1_000_000}
    await in_thread(conversations.set_parameters, anna, talk.public_id, **values, reasoning=True)
    async with stage(engine):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        await read(reply)
        row = await fresh(reply)
    assert row.status == "failed"
    assert "cannot be greater than max_model_len" in row.error_text
    assert row.asked_times == 1


async def test_deleted_conversation_ends_its_generation(engine: str, talk: Conversation, anna: User) -> None:
    async with stage(engine) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, LONG)
        await read_until(reply, "open")
        await in_thread(conversations.delete, anna, talk.public_id)
        await until(here.idle, 3.0)
        broker = redis.Redis.from_url(settings.REDIS_URL)
        await until(lambda: not broker.keys("chat:*"), 3.0)
        assert await read(reply) == []
        broker.close()
    assert not await in_thread(Message.objects.exists)


async def test_viewer_is_refused_in_plain_words(
    engine: str, person: Callable[..., User], talk: Conversation
) -> None:
    viewer = await in_thread(person, "vera", Role.VIEWER)
    own = await in_thread(conversations.begin, viewer, talk.deployment_slug)
    async with stage(engine):
        reply = await in_thread(replies.ask, viewer, own.public_id, "Hello")
        await read(reply)
        row = await fresh(reply)
    assert row.status == "failed"
    assert row.error_text
