"""Whole replies: a real door, the real openai package, the stand-in engine, a real broker."""

from decimal import Decimal

import pytest

from chat.markdown import render
from chat.models import Conversation
from chat.services import conversations, replies
from chat.services.receipt import receipt
from chat.threads import in_thread
from controlpanel.models import User
from deployments.public import ensure_defaults
from gateway.models import ApiKey, UsageRecord

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
