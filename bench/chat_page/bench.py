"""How a browser copes: a conversation of 300 messages, and a reply of 50,000 tokens that is being written.

A real web process, broker and Chromium; the reply is published as the generator does it, ten updates a
second, but in SECONDS instead of the twenty minutes of life, so that each update is larger than in life.
Counts the tasks of the main thread beyond 50 ms (what a reader would feel) by the browser's own observer,
and says how much processor time the longest took: on a busy machine a task also waits for its turn.
"""

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "chat")]

MESSAGES, CHARACTERS, SECONDS, UPDATES_PER_S = 300, 200_000, 60, 10
OBSERVER = """
window.long = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.long.push([task.startTime, task.duration]);
}).observe({ type: 'longtask', buffered: true });
"""
SECTION = """## Part {n}

This paragraph is **number {n}** of a long answer, with `code`, a [link](https://example.org/{n}) and words
that go on for as long as a paragraph of a real answer does, which is about three lines on a wide page.

- one thing to keep in mind
- another, with *emphasis*

```python
def part_{n}(value: float) -> float:
    \"\"\"Do what part {n} says.\"\"\"
    return value * {n} + sum(step ** 2 for step in range({n}))
```

| column | value |
|---|---:|
| a | {n} |
| b | {n} |

"""


def main() -> None:
    """Set up, measure, print."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="b"))
        os.environ |= {
            "PANEL_DATA_DIR": folder,
            "REDIS_URL": f"unix://{folder}/s",
            "DJANGO_SETTINGS_MODULE": "controlpanel.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        }
        import django

        django.setup()
        from parts import broker, free_port, process

        stack.enter_context(broker(folder))
        path, public_id, cookie = seed()
        port = free_port()
        command = (sys.executable, "-m", "uvicorn", "controlpanel.asgi:application", "--port", str(port))
        stack.enter_context(process(*command, "--log-level", "warning", environment={}))
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        report(*asyncio.run(measure(url, path, public_id, cookie)))


def seed() -> tuple[str, str, str]:
    """A member with a long conversation whose last reply is being written: page, reply, session."""
    from django.contrib.auth import get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from chat.models import Conversation, Message, Role, Status
    from controlpanel.roles import give_role
    from deployments.planning.power import Role as PanelRole
    from deployments.public import ensure_defaults

    call_command("migrate", verbosity=0)
    ensure_defaults(token_id="ak-1", token_secret="as-1", is_sandbox=True)  # noqa: S106
    user = get_user_model().objects.create_user("anna", password=secrets.token_hex(16))
    give_role(user, PanelRole.MEMBER)
    row = Conversation.objects.create(owner=user, deployment_slug="glm-5-2-fp8", title="Long")
    above = None
    for number in range(MESSAGES):
        reply = number % 2
        text = SECTION.format(n=number) if reply else f"Question {number}, in a sentence or two?"
        last = number == MESSAGES - 1
        above = Message.objects.create(
            conversation=row, parent=above, role=Role.ASSISTANT if reply else Role.USER,
            text="" if last else text, status=Status.STREAMING if last else Status.DONE,
        )  # fmt: skip
    row.head = above
    row.save(update_fields=["head"])
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return f"/deployments/glm-5-2-fp8/chat/{row.public_id}/", above.public_id, str(session.session_key)


def wait_for(url: str) -> None:
    """Until the web process answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()  # noqa: S310
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("The web process does not answer.")


async def measure(
    url: str, path: str, public_id: str, cookie: str
) -> tuple[list[list[float]], float, float, int, float]:
    """Long tasks (start ms, length ms), when the stream began and ended (ms), characters shown, the most
    processor time of one task (ms)."""
    from django.conf import settings
    from playwright.async_api import async_playwright

    chromium = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        await context.add_init_script(OBSERVER)
        page = await context.new_page()
        await page.goto(url + path)
        await page.locator("html.scripted").wait_for()
        await page.wait_for_timeout(3000)
        began = await page.evaluate("performance.now()")
        await browser.start_tracing(page=page, categories=["toplevel"])
        await publish(public_id)
        await page.wait_for_timeout(500)
        ended = await page.evaluate("performance.now()")
        busiest_ms = longest_of(json.loads(await browser.stop_tracing()))
        shown = await page.evaluate(
            "document.querySelector('.turn:last-child [data-answer]').textContent.length"
        )
        found = await page.evaluate("window.long")
        await browser.close()
    return found, began, ended, shown, busiest_ms


def longest_of(trace: dict[str, list[dict[str, Any]]]) -> float:
    """The most processor time that one task of a page's main thread took, in ms."""
    events = trace["traceEvents"]
    named = [event for event in events if event.get("name") == "thread_name"]
    main = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    tasks = [e for e in events if "RunTask" in e.get("name", "") and (e["pid"], e["tid"]) in main]
    return max((task.get("tdur", 0) for task in tasks), default=0) / 1000


async def publish(public_id: str) -> None:
    """The reply as the generator publishes it."""
    from chat.markdown.blocks import BlockSplitter, Finished
    from chat.streams.publish import Publisher

    count = CHARACTERS // len(SECTION) + 1
    text = "".join(SECTION.format(n=number) for number in range(count))[:CHARACTERS]
    splitter, publisher = BlockSplitter(), Publisher()
    step = len(text) // (SECONDS * UPDATES_PER_S) + 1
    due = time.monotonic()
    await publisher.send([(public_id, [("state", {"status": "streaming"})], False)])
    for at in range(0, len(text), step):
        told = [
            ("block", {"n": piece.n, "html": piece.html})
            if isinstance(piece, Finished)
            else ("open", {"n": piece.n, "text": piece.text, "reset": piece.reset})
            for piece in splitter.feed(text[at : at + step])
        ]
        await publisher.send([(public_id, told, False)])
        due += 1 / UPDATES_PER_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    await publisher.close()


def report(found: list[list[float]], began: float, ended: float, shown: int, busiest_ms: float) -> None:
    """What a reader would have felt."""
    opening = [length for start, length in found if start < began]
    streaming = [length for start, length in found if began <= start <= ended]
    print(f"{MESSAGES} messages; a reply of {CHARACTERS:,} characters (about 50,000 tokens) in {SECONDS} s")
    print(f"shown at the end: {shown:,} characters")
    for name, lengths in (("opening the page", opening), ("while it is written", streaming)):
        worst = f", longest {max(lengths):.0f} ms, {sum(lengths):.0f} ms in all" if lengths else ""
        print(f"tasks over 50 ms, {name}: {len(lengths)}{worst}")
    print(f"the most processor time of one task while it is written: {busiest_ms:.0f} ms")


if __name__ == "__main__":
    main()
