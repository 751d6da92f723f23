"""People who watch replies come, all at once: one web process, one generator. Takes about a minute.

usage: python bench/chat/bench.py [PEOPLE] [SECONDS] [TOKENS_PER_S]

Every person has a conversation and a tab of their own; the tab reads the same stream as a browser does. A gap
is the time between two readings of a tab that brought something; the generator tells readers ten times a
second. All of it runs on this machine, the engine and the readers too, so there is less left for the parts
that are measured than in life.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT), str(Path(__file__).resolve().parent)]
os.environ["DJANGO_SETTINGS_MODULE"] = "controlpanel.settings"

import aiohttp  # noqa: E402
import parts  # noqa: E402
import psutil  # noqa: E402

QUESTION = "Write a long text of 6000 words."
_WARM_UP_S = 4.0


@dataclass
class Tab:
    """One person's tab: when something came."""

    session: str
    reply: str
    asked_at: float
    first_s: float | None = None
    at: list[float] = field(default_factory=list)
    characters: int = 0
    ended: bool = False

    def gaps_ms(self) -> list[float]:
        """Between one reading and the next, in milliseconds."""
        return [1000 * (later - before) for before, later in zip(self.at, self.at[1:], strict=False)]


def prepare(people: int) -> list[tuple[Any, str]]:
    """The database, the people, and a session for each."""
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from controlpanel.models import User
    from controlpanel.roles import give_role
    from deployments.public import Role, ensure_defaults

    call_command("migrate", interactive=False, verbosity=0)
    ensure_defaults(token_id="ak", token_secret="as", is_sandbox=True, server_url="http://127.0.0.1:1")  # noqa: S106
    found = []
    for number in range(people):
        user = User.objects.create_user(f"person{number}")
        give_role(user, Role.MEMBER)
        store = SessionStore()
        store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        store.create()
        found.append((user, str(store.session_key)))
    return found


def ask(user: Any, session: str) -> Tab:
    """A new conversation and its first question, as the page's form does it."""
    from chat.services import conversations, replies

    talk = conversations.begin(user, "glm-5-2-fp8")
    asked_at = time.monotonic()
    return Tab(session, replies.ask(user, talk.public_id, QUESTION).public_id, asked_at)


async def watch(tab: Tab, http: aiohttp.ClientSession, url: str) -> None:
    """Read along until the reply ends or the measurement is over."""
    from django.conf import settings

    cookies = {settings.SESSION_COOKIE_NAME: tab.session}
    address = f"{url}/chat/replies/{tab.reply}/stream"
    async with http.get(address, cookies=cookies, allow_redirects=False) as answer:
        assert answer.status == 200, (answer.status, await answer.text())
        async for chunk in answer.content.iter_any():
            if b"event: open" in chunk or b"event: reasoning" in chunk or b"event: block" in chunk:
                now = time.monotonic()
                tab.characters += len(chunk)
                tab.first_s = tab.first_s or _first(chunk, now - tab.asked_at)
                tab.at.append(now)
    tab.ended = True


def _first(chunk: bytes, after_s: float) -> float | None:
    """The first snapshot is empty: it is no token yet."""
    says = [line for line in chunk.split(b"\n") if line.startswith(b"data:") and b'"text":"' in line]
    return after_s if any(b'"text":""' not in line for line in says) else None


async def measure(
    people: list[tuple[Any, str]], url: str, seconds: float, measured: dict[str, psutil.Process]
) -> None:
    """Ask everything, wait until it flows, measure, print."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        tabs: list[Tab] = []
        watching = []
        for user, session in people:
            tab = await asyncio.to_thread(ask, user, session)
            tabs.append(tab)
            watching.append(asyncio.create_task(watch(tab, http, url)))
        await asyncio.sleep(_WARM_UP_S)
        for tab in tabs:
            tab.at.clear()
        before = {name: sum(part.cpu_times()[:2]) for name, part in measured.items()}
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        passed_s = time.monotonic() - begun
        used = {name: sum(part.cpu_times()[:2]) - before[name] for name, part in measured.items()}
        report(tabs, passed_s, used, measured)
        for task in watching:
            task.cancel()
        for outcome in await asyncio.gather(*watching, return_exceptions=True):
            if isinstance(outcome, Exception):
                print(f"FAILED: {outcome!r}")
    await asyncio.to_thread(say_what_failed)


def say_what_failed() -> None:
    """Replies that ended while they should still be written."""
    from chat.models import ENDED, Message

    for status, code, text in Message.objects.filter(role="assistant", status__in=ENDED).values_list(
        "status", "error_code", "error_text"
    ):
        print(f"ENDED: {status} {code} {text}")


def report(
    tabs: list[Tab], passed_s: float, used: dict[str, float], measured: dict[str, psutil.Process]
) -> None:
    """The table."""
    gaps = sorted(gap for tab in tabs for gap in tab.gaps_ms())
    firsts = sorted(tab.first_s for tab in tabs if tab.first_s is not None)
    worst = [max(tab.gaps_ms(), default=0.0) for tab in tabs]
    silent = sum(len(tab.at) < 2 for tab in tabs)
    rate = len(gaps) / max(1, len(tabs)) / passed_s
    print(
        f"{len(tabs)} tabs, {passed_s:.0f} s, {rate:.1f} updates a second in each; {silent} silent, ", end=""
    )
    print(f"{sum(tab.ended for tab in tabs)} ended early")
    print(f"gap between updates   p50 {_at(gaps, 0.5):.0f} ms   p99 {_at(gaps, 0.99):.0f} ms   ", end="")
    print(f"worst {max(worst, default=0):.0f} ms   (median tab's worst {statistics.median(worst):.0f} ms)")
    if firsts:
        print(
            f"asking to first token p50 {_at(firsts, 0.5) * 1000:.0f} ms   worst {firsts[-1] * 1000:.0f} ms"
        )
    for name, part in measured.items():
        rss_mib = part.memory_info().rss / 1024 / 1024
        print(f"{name:10} {100 * used[name] / passed_s:5.0f} % of a core   {rss_mib:5.0f} MiB")


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main(people: int = 64, seconds: float = 15.0, tokens_per_s: int = 40) -> None:
    """Start everything, measure once, end everything."""
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="bc-"))
        os.environ["PANEL_DATA_DIR"] = f"{folder}/var"
        os.environ["REDIS_URL"] = f"unix://{folder}/s"
        found = prepare(people)
        valkey = running.enter_context(parts.broker(folder))
        pace = {"at_once": people, "tokens_per_s": tokens_per_s}
        engine, engine_url = running.enter_context(parts.engine(folder, **pace))
        web, url = running.enter_context(parts.web(engine_url))
        runner = running.enter_context(parts.generator(url))
        time.sleep(3.0)  # until it hears nudges
        measured = {"web": web, "generator": runner, "valkey": valkey, "engine": engine}
        print(f"{people} replies at once, {tokens_per_s} tokens a second each, one token a chunk")
        asyncio.run(measure(found, url, seconds, measured))


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[1:4]]
    main(*(kind(value) for kind, value in zip((int, float, int), given, strict=False)))
