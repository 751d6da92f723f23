"""What an open page asks for while a reply waits, and when it has ended."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from chat.markdown import VERSION
from chat.models import WAITS_AT_MOST, Generator, Message, Status
from chat.runner import lives
from controlpanel.models import User
from sandbox.engine.showcase import html_page
from tests.deployments.pages.states import States

from .conftest import address, talk

Browser = Callable[[User], Client]


def test_a_waiting_reply_shows_the_wake(states: States, anna: User, browser: Browser) -> None:
    states.waking()
    reply = talk(anna, "waking", "Hello?", "", status=Status.WAKING).head
    html = browser(anna).get(f"/chat/messages/{reply.public_id}/waiting/").content.decode()
    assert "Loading weights" in html
    assert "<b>62 %</b>" in html
    assert "so far" in html
    assert "you can close this tab" in html
    assert "every 2s" in html


def test_it_says_when_nobody_writes(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    reply = talk(anna, "ready", "Hello?", "", status=Status.QUEUED).head
    waiting = f"/chat/messages/{reply.public_id}/waiting/"
    assert "generator does not run" not in browser(anna).get(waiting).text
    Generator.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    html = browser(anna).get(waiting).text
    assert "The generator does not run" in html
    assert "every 2s" in html


def test_a_reply_that_came_too_late_can_be_asked_for_again(
    states: States, anna: User, browser: Browser
) -> None:
    states.ready()
    row = talk(anna, "ready", "Hello?", "", status=Status.QUEUED)
    lives.take_over(timezone.now() + WAITS_AT_MOST)
    page = browser(anna).get(address(row)).text
    assert "Not written in time" in page
    assert "Try again" in page


def test_it_stops_asking_once_the_reply_is_written(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    reply = talk(anna, "ready", "Hello?", "Hi", status=Status.STREAMING).head
    assert "every" not in browser(anna).get(f"/chat/messages/{reply.public_id}/waiting/").content.decode()


def test_the_end_brings_receipt_and_actions(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    counted = {"prompt_tokens": 1200, "cached_tokens": 1000, "completion_tokens": 500, "reasoning_tokens": 80}
    row = talk(anna, "ready", "A game?", html_page(), cost_usd=Decimal("0.1612"), **counted)
    response = browser(anna).get(f"/chat/messages/{row.head.public_id}/foot/")
    html = response.content.decode()
    for said in ("1,200 in", "1,000 cached", "80 thinking", "420 out", "about $0.16", "Regenerate"):
        assert said in html
    assert 'title="Counted by the engine: the question and all before it."' in html
    assert f'href="/chat/previews/{row.head.public_id}/0/panel/"' in html
    order = browser(anna).get(address(row, "order/")).json()
    assert order["turns"][-1] == [row.head.public_id, response["Panel-Mark"]]


def test_what_was_rendered_is_kept(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    row, client = talk(anna, "ready", "Hello?", "**Hi**"), browser(anna)
    client.get(address(row))
    kept = Message.objects.get(pk=row.head.pk)
    assert (kept.html, kept.html_version) == ("<p><strong>Hi</strong></p>\n", VERSION)
    Message.objects.filter(pk=kept.pk).update(html="<p>old</p>", html_version=VERSION - 1)
    assert "<p>old</p>" not in client.get(address(row)).content.decode()


def test_answers_before_stay_as_they_are_when_more_is_asked(
    states: States, anna: User, browser: Browser
) -> None:
    states.ready()
    row, client = talk(anna, "ready", "One?", "Two.", finish_reason="stop"), browser(anna)
    before = client.get(address(row, "order/")).json()["turns"]
    client.post(address(row, "ask/"), {"text": "Three?"})
    assert client.get(address(row, "order/")).json()["turns"][:2] == before


def test_one_turn_costs_the_same_in_a_long_conversation(
    states: States, anna: User, browser: Browser, django_assert_max_num_queries: Any
) -> None:
    """None of the other answers is read, rendered or kept."""
    states.ready()
    client, counts = browser(anna), []
    for length in (1, 20):
        row = talk(anna, "ready", *["One?", "**Two**."] * length)
        last = row.head.public_id
        for path in (f"/chat/messages/{last}/foot/", address(row, f"turns/?ids={last}")):
            with django_assert_max_num_queries(25) as queries:
                assert client.get(path).status_code == 200
            counts.append(len(queries))
        assert row.messages.exclude(html="").count() == 1
    assert counts[:2] == counts[2:]
