"""A thousand lines a second through the store, the stream and an open page, on top of half a million stored.

A real web process on SQLite and Chromium. A writer takes in RATE lines a second as the observer does
(redacted, with the overlap once more), once in small parts and once as looks every two seconds bring them.
Prints how long after a line was handed to the store it came out of the stream (REST), and how the page that
shows it fared: frames, and tasks of the main thread beyond 50 ms.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
STAMP = re.compile(r" t=(\d+\.\d+)")
RATE, WAYS = 1000, {"in small parts": 0.2, "as looks bring them": 2.0}
LOGS, STREAM = "/deployments/glm/logs/", "/api/v1/deployments/glm/logs/stream?tail=1"
OBSERVER = """
window.long = []; window.frames = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.long.push(task.duration);
}).observe({ type: 'longtask', buffered: true });
let before = 0;
(function frame(now) {
  if (before) window.frames.push(now - before);
  before = now;
  requestAnimationFrame(frame);
})();
"""
SHOWN = "words => document.querySelector('#log-lines').lastElementChild.textContent.includes(words)"
SEEN = """
({ long: window.long, frames: window.frames, rows: document.querySelectorAll('#log-lines li').length })
"""


def main() -> None:
    """Set up, measure each way, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--write", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "controlpanel.settings", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    if options.write:
        _write(options.write, options.seconds)
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="b"))
        os.environ |= {"PANEL_DATA_DIR": folder, "REDIS_URL": f"unix://{folder}/s"}
        cookie = _seeded(options.lines)
        from bench.chat.parts import broker, free_port, process

        stack.enter_context(broker(folder))
        url = f"http://127.0.0.1:{free_port()}"
        command = (
            sys.executable,
            "-m",
            "uvicorn",
            "controlpanel.asgi:application",
            "--port",
            url.rpartition(":")[2],
        )
        web = stack.enter_context(process(*command, "--log-level", "warning", environment={}))
        _wait_for(url)
        for way, every_s in WAYS.items():
            _report(way, asyncio.run(_measured(url, cookie, every_s, options.seconds, web)))


def _seeded(lines: int) -> str:
    """The session of somebody who may look at the log."""
    import django

    django.setup()
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from bench.logs.seed import seed, viewer

    call_command("migrate", verbosity=0)
    seed(lines)
    user, session = viewer(), SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _write(every_s: float, seconds: int) -> None:
    """Take in lines that say when they were handed over, for so long; then say how long that kept it busy."""
    import django

    django.setup()
    from datetime import UTC, datetime

    from deployments.models import Deployment
    from deployments.providers.base import LogEntry
    from deployments.services import taking

    deployment = Deployment.objects.select_related("account").get()
    runs = {run.container_id: run for run in deployment.runs.all()}
    recent: list[LogEntry] = []
    begun, count, busy_s = time.perf_counter(), 0, 0.0
    while (now := time.perf_counter()) - begun < seconds:
        due = int((now - begun) * RATE) - count
        at = datetime.now(UTC)
        told = [
            f"(APIServer pid=4) INFO 11-23 17:00:00 [x.py:1] line {count + n} t={time.time():.4f}"
            for n in range(due)
        ]
        recent = [entry for entry in recent if (at - entry.at).total_seconds() < 6]
        recent += [LogEntry(at, text, "ta-100") for text in told]
        assert len(taking.take_in(deployment, recent, runs)) == due
        count += due
        busy_s += time.perf_counter() - now
        time.sleep(max(0.0, every_s - (time.perf_counter() - now)))
    print(json.dumps({"lines": count, "busy": busy_s / seconds}))


async def _measured(url: str, cookie: str, every_s: float, seconds: int, web: Any) -> dict[str, Any]:
    from django.conf import settings
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        await context.add_init_script(OBSERVER)
        page = await context.new_page()
        await page.goto(url + LOGS)
        await page.wait_for_timeout(2000)
        await page.evaluate("window.long = []; window.frames = []")
        lags: list[float] = []
        reading = asyncio.create_task(_read(url, f"{settings.SESSION_COOKIE_NAME}={cookie}", lags))
        cpu = sum(web.cpu_times()[:2])
        command = [sys.executable, __file__, "--write", str(every_s), "--seconds", str(seconds)]
        writer = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT)
        out, _ = await writer.communicate()
        wrote, ended = json.loads(out), time.monotonic()
        await page.wait_for_function(SHOWN, arg=f"line {wrote['lines'] - 1} ", timeout=60_000)
        behind = time.monotonic() - ended
        await asyncio.sleep(1)
        if reading.done():
            reading.result()
        reading.cancel()
        cpu = (sum(web.cpu_times()[:2]) - cpu) / seconds
        seen = await page.evaluate(SEEN)
        await browser.close()
    return wrote | seen | {"lags": lags, "cpu": cpu, "behind": behind}


async def _read(url: str, cookie: str, lags: list[float]) -> None:
    import aiohttp

    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as client,
        client.get(url + STREAM, headers={"Cookie": cookie}) as answer,
    ):
        answer.raise_for_status()
        begun = time.time()
        async for line in answer.content:
            if (found := STAMP.search(line.decode())) and float(found[1]) > begun:
                lags.append(time.time() - float(found[1]))


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The web process does not answer.")


def _report(way: str, found: dict[str, Any]) -> None:
    lags, frames, long = sorted(found["lags"]), sorted(found["frames"]), sorted(found["long"])
    assert len(lags) == found["lines"], (len(lags), found["lines"])
    print(
        f"{RATE} lines a second {way}: {found['lines']:,} lines, every one came out of the stream,"
        f" {statistics.median(lags):.2f} s after it was handed to the store (median;"
        f" p99 {lags[len(lags) * 99 // 100]:.2f} s, worst {lags[-1]:.2f} s)"
    )
    print(
        f"  the writer was busy {found['busy']:.0%} of the time, the web process {found['cpu']:.0%} of a core"
        " (with two readers)"
    )
    print(
        f"  the page with {found['rows']:,} rows: {len(frames):,} frames,"
        f" p50 {statistics.median(frames):.0f} ms, p99 {frames[len(frames) * 99 // 100]:.0f} ms,"
        f" worst {frames[-1]:.0f} ms;"
        f" shown {found['behind']:.1f} s after the last line;"
        f" {len(long)} tasks beyond 50 ms{f', the longest {long[-1]:.0f} ms' if long else ''}"
    )


if __name__ == "__main__":
    main()
