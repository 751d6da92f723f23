"""What dies on the way: the generator, the web process, the server that was to wake."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings

from chat.models import Conversation, Generator
from chat.services import replies
from chat.threads import in_thread
from controlpanel.models import User
from deployments.public import LeaseEnded, State, ensure_defaults
from gateway.door.paths import Dialect
from gateway.door.problems import Problem, error_event
from tests.gateway.house import served, until

from .stage import LONG, becomes, fresh, read, read_until, shown, stage, statuses

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _built_in(db: None) -> None:
    ensure_defaults(token_id="ak", token_secret="as", is_sandbox=True, server_url="http://127.0.0.1:1")


def database_url() -> str:
    """The database of the tests, for a child process."""
    row = settings.DATABASES["default"]
    if row["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{row['NAME']}"
    account = f"{quote(row['USER'])}:{quote(row['PASSWORD'])}" if row["USER"] else ""
    place = f"{row['HOST']}:{row['PORT']}" if row["PORT"] else row["HOST"]
    options = {name: value for name, value in row["OPTIONS"].items() if isinstance(value, str)}
    return f"postgresql://{account}{'@' if account else ''}{place}/{row['NAME']}?{urlencode(options)}"


@contextlib.contextmanager
def runner_process(gateway: str, folder: Path) -> Any:
    """`manage.py runner` as `up` starts it."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "PANEL_DATA_DIR": str(folder / "var"),
        "PANEL_GATEWAY_URL": gateway + "/v1",
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "SECRET_KEY": settings.SECRET_KEY,
    }
    process = subprocess.Popen([sys.executable, "manage.py", "runner"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_killed_generator_leaves_its_part_and_the_next_goes_on(
    engine: str, talk: Conversation, anna: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(engine, desks=0) as here:
        with runner_process(here.url, tmp_path) as process:
            reply = await in_thread(replies.ask, anna, talk.public_id, "Write a long text of 1000 words.")
            await read_until(reply, "open", within_s=30.0)

            async def written() -> bool:
                return bool((await fresh(reply)).text)

            await until(written, 5.0)
            process.kill()
            process.wait()
        await until(here.idle, 3.0)  # the door hears that its client is gone
        monkeypatch.setattr("chat.models.generator.SILENT_AFTER", timedelta(seconds=1))
        await here.open_desk()
        reading = await read(reply)
        broken = await becomes(reply, "interrupted")
        await in_thread(replies.carry_on, anna, reply.public_id)
        events = await read(reply)
        row = await fresh(reply)
    assert statuses(reading)[-1] == "interrupted"
    assert (broken.error_code, broken.can_go_on) == ("generator_died", True)
    assert row.status == "done"
    assert 0 < (broken.completion_tokens or 0) < (row.completion_tokens or 0)
    assert row.text.startswith(broken.text)
    assert row.text.endswith("of the same length.\n")
    assert "".join(html for _, html in sorted(shown(events)[2].items())) == row.html


async def test_told_to_stop_a_generator_ends_in_time_and_leaves_nothing_open(
    engine: str, talk: Conversation, anna: User, tmp_path: Path
) -> None:
    async with stage(engine, desks=0) as here:
        with runner_process(here.url, tmp_path) as process:
            reply = await in_thread(replies.ask, anna, talk.public_id, LONG)
            await read_until(reply, "open", within_s=30.0)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 8.0) == 0
        row = await fresh(reply)
        assert await here.running() == 0
    assert (row.status, row.error_code) == ("interrupted", "restarted")
    assert row.text
    assert not await in_thread(Generator.objects.filter(stopped_at__isnull=True).exists)


class Holding:
    """A web process that holds a request as the door does, and is then restarted."""

    def __init__(self, last_words: bytes = b"") -> None:
        self.last_words = last_words
        self.asked = 0
        self.after: Any = None  # what serves once it is back
        self.restart = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        if self.restart.is_set() and self.after is not None:
            await self.after(scope, receive, send)
            return
        headers = [(b"content-type", b"text/event-stream"), (b"x-pilotlight-request-id", b"req_held")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        comment = b": waking phase=weights eta_s=120\n\n"
        await send({"type": "http.response.body", "body": comment, "more_body": True})
        await self.restart.wait()
        if not self.last_words:
            raise ConnectionAbortedError
        await send({"type": "http.response.body", "body": self.last_words, "more_body": False})


@contextlib.asynccontextmanager
async def held(engine: str, web: Holding) -> AsyncIterator[Any]:
    async with stage(engine, desks=0) as here, served(web) as url:
        web.after, here.url = here.door.serve, url
        await here.open_desk()
        try:
            yield here
        finally:
            web.restart.set()
            await here.close_desks()


async def test_web_restart_while_it_is_held_is_asked_again(
    engine: str, talk: Conversation, anna: User
) -> None:
    web = Holding()
    async with held(engine, web):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        await becomes(reply, "waking")
        web.restart.set()
        events = await read(reply)
        row = await fresh(reply)
    assert (row.status, row.asked_times, web.asked) == ("done", 2, 2)
    assert statuses(events)[-3:] == ["waking", "streaming", "done"]
    assert row.waited_s > 0
    assert row.text.startswith("Hello!")


async def test_generator_that_stops_while_it_is_held_leaves_it_to_the_next(
    engine: str, talk: Conversation, anna: User
) -> None:
    web = Holding()
    async with held(engine, web) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        await becomes(reply, "waking")
        await here.close_desks()
        queued = await fresh(reply)
        web.restart.set()
        await here.open_desk()
        await read(reply)
        row = await fresh(reply)
    assert (queued.status, queued.generator_id) == ("queued", None)
    assert row.status == "done"


async def test_failed_start_ends_it_with_the_panels_words(
    engine: str, talk: Conversation, anna: User
) -> None:
    words = "The start failed: the weights do not fit. $1.20 were burned."
    web = Holding(error_event(Problem(503, "failed", words), Dialect.OPENAI))
    async with held(engine, web):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        await becomes(reply, "waking")
        web.restart.set()
        events = await read(reply)
        row = await fresh(reply)
    assert (row.status, row.error_code, row.error_text) == ("failed", "failed", words)
    assert events[-1].data == {"status": "failed", "error_code": "failed", "error_text": words}
    assert row.asked_times == 1


@pytest.mark.parametrize("reason", ["released", "slept", "turned_off", "frozen", "budget"])
async def test_what_somebody_put_out_is_not_lit_again(
    engine: str, talk: Conversation, anna: User, reason: str
) -> None:
    async with stage(engine, state=State.ASLEEP) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello", may_wake=True)
        await until(lambda: here.panel.wakes)
        here.panel.ended = LeaseEnded(reason, "It was put out by Ben.")
        here.panel.become(State.ASLEEP, leases=frozenset())
        row = await becomes(reply, "failed")
    assert "put out by Ben" in row.error_text
    assert (len(here.panel.wakes), row.asked_times) == (1, 1)


async def test_server_that_went_to_sleep_before_it_was_asked_is_not_woken_unseen(
    engine: str, talk: Conversation, anna: User
) -> None:
    async with stage(engine, state=State.ASLEEP) as here:
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        row = await becomes(reply, "failed")
    assert (row.error_code, row.asked_times, here.panel.wakes) == ("asleep", 1, [])


async def test_stop_ends_the_waiting(engine: str, talk: Conversation, anna: User) -> None:
    async with held(engine, Holding()):
        reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
        await becomes(reply, "waking")
        await in_thread(replies.stop, anna, reply.public_id)
        row = await becomes(reply, "stopped", within_s=1.0)
    assert row.text == ""
