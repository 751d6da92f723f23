"""A program asks a server that sleeps, with the client libraries that people use: it wakes, once, for all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import anthropic
import openai
import pytest

from tests.patience import until

from .panel import Panel, Server

NAME, DOOMED = "doorbell", "doomed"
ASK_AGAIN = ("POST", "/v1/chat/completions")
# Long enough to look at it while it is lit, short enough to see it sleep again.
IDLE_WINDOW_S = 300
TALK: Any = {"model": NAME, "messages": [{"role": "user", "content": "What is two and two?"}]}


def make_key(panel: Panel, *more: str) -> str:
    return panel.command("create_key", "--user", "admin", "--name", "agent", *more)


@contextmanager
def clients(panel: Panel, secret: str) -> Iterator[tuple[openai.OpenAI, anthropic.Anthropic]]:
    """With their own time-outs; no repeats, so that nothing is hidden."""
    with (
        openai.OpenAI(base_url=f"{panel.url}/v1", api_key=secret, max_retries=0) as one,
        anthropic.Anthropic(base_url=panel.url, api_key=secret, max_retries=0) as other,
    ):
        yield one, other


def in_a_stream(client: openai.OpenAI) -> str:
    stream = client.chat.completions.create(**TALK, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def in_one_piece(client: openai.OpenAI) -> str:
    return client.chat.completions.create(**TALK).choices[0].message.content or ""


def by_responses(client: openai.OpenAI) -> str:
    stream = client.responses.create(model=NAME, input="What is two and two?", stream=True)
    return "".join(event.delta for event in stream if event.type == "response.output_text.delta")


def by_messages(client: anthropic.Anthropic) -> str:
    with client.messages.stream(**TALK, max_tokens=64) as stream:
        return "".join(stream.text_stream)


@pytest.fixture(scope="module")
def server(panel: Panel) -> Server:
    """A deployment that was lit once and has gone to sleep by itself."""
    made = panel.make(NAME, idle_window_s=IDLE_WINDOW_S)
    made.start()
    made.reaches("ready")
    made.reaches("asleep")
    return made


def test_four_programs_wake_it_once_and_each_reaches_it_once(panel: Panel, server: Server) -> None:
    panel.control.reset_counts()
    runs = len(server.runs())
    with clients(panel, make_key(panel)) as (one, other), ThreadPoolExecutor(4) as crowd:
        acts: list[Callable[[], str]] = [
            lambda: in_a_stream(one),
            lambda: in_one_piece(one),
            lambda: by_responses(one),
            lambda: by_messages(other),
        ]
        answers = [crowd.submit(act) for act in acts]
        until(lambda: server.status()["waiting"] == 4)
        shown = server.status()
        assert shown["sentence"].startswith(("Waking for", "Deploying"))
        assert shown["waiting_by"] == [{"holder": "admin", "count": 4}]
        assert (shown["in_flight"], len(shown["leases"])) == (0, 1)
        assert [lease["via"] for lease in shown["leases"]] == ["gateway"]
        for answer in answers:
            assert answer.result(timeout=90)
    paths = panel.control.counts()["paths"]
    assert paths["/v1/chat/completions"] == 2
    assert (paths["/v1/responses"], paths["/v1/messages"], paths["/health"]) == (1, 1, 1)
    assert len(server.runs()) == runs + 1
    assert server.runs()[0]["cause"] == "lease"
    until(lambda: server.status()["waiting"] == 0)
    server.reaches("asleep")


def test_start_from_off_that_fails_answers_those_who_wait(panel: Panel) -> None:
    server = panel.make(DOOMED)
    panel.control.set_fault("boot_dies", app=DOOMED, at="cache", log="CUDA out of memory")
    talk = TALK | {"model": DOOMED}
    with clients(panel, make_key(panel)) as (one, _), pytest.raises(openai.PermissionDeniedError) as refused:
        one.chat.completions.create(**talk)
    assert (refused.value.code, server.state()) == ("asleep", "off"), "off is for those who operate"
    told: list[openai.APIError] = []
    key = make_key(panel, "--scopes", "chat,wake,operate")
    with clients(panel, key) as (one, _), ThreadPoolExecutor(2) as crowd:
        asking = [crowd.submit(_refused, one, talk | {"stream": stream}) for stream in (True, False)]
        until(lambda: server.state() in ("stopping", "failed"), limit_s=90)
        told = [each.result(timeout=20) for each in asking]
    assert {error.code for error in told} == {"failed"}
    assert all("died before it was ready" in error.message for error in told)
    server.reaches("failed")
    # Asking again relights nothing; what the door knows of a state is up to a second old.
    until(lambda: panel.call(*ASK_AGAIN, talk, root=True).body["error"]["code"] == "failed", limit_s=10)
    assert panel.call(*ASK_AGAIN, talk, root=True).status == 503


def _refused(client: openai.OpenAI, talk: dict[str, Any]) -> openai.APIError:
    with pytest.raises(openai.APIError) as refused:
        for _ in client.chat.completions.create(**talk):
            pass
    return refused.value
