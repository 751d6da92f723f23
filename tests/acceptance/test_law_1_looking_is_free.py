"""Nothing that looks may wake a server or keep one awake: counted where requests reach containers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page

from tests.patience import until

from .browser import signed_in
from .panel import Panel, Server, ask, holds

pytestmark = pytest.mark.browser

# Short, so that many of them pass.
IDLE_WINDOW_S = 300
NAME = "watched"
# Those with parts that go on asking are open all the while; each of the others is opened once.
OPEN = ("", "runs/", "metrics/?range=1h", "logs/", "settings/")
OPEN_ELSEWHERE = ("/", "/runs/", "/on-call/", "/activity/")
ONCE = ("runs/{run}/", "metrics/?range=90d", "formats/", "schedules/", "settings/edit/", "connect/", "chat/")
ONCE_ELSEWHERE = (
    "/costs/", "/costs/compare/", "/costs/bills/", "/costs/prices/", "/costs/unexplained/", "/keys/",
    "/people/", "/models/fit/", "/settings/accounts/", "/settings/notifications/", "/deployments/new/",
    "/on-call/runbooks/", "/freeze/",
)  # fmt: skip
OF_ONE = ("status", "runs", "timeline", "logs?limit=50", "metrics", "quote", "starts")
LOOKS = ("/deployments", "/runs", "/on-call", "/actions", *(f"/deployments/{NAME}/{look}" for look in OF_ONE))


@dataclass
class Looks:
    """What open pages have asked the panel for."""

    asked: list[str]
    page: Page

    def forget(self) -> None:
        """Count from here."""
        self.so_far()
        self.asked.clear()

    def so_far(self) -> int:
        """How often they asked."""
        self.page.wait_for_timeout(100)  # what the browser says is heard only while it is spoken to
        return len(self.asked)


@contextmanager
def watched(panel: Panel, chromium: Browser) -> Iterator["Looks"]:
    """Every page open in a browser that polls, and a script that reads REST without rest."""
    asked: list[str] = []
    context = signed_in(chromium, panel)
    for path in (*OPEN_ELSEWHERE, *(f"/deployments/{NAME}/{tab}" for tab in OPEN)):
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(panel.url + path)
    over = threading.Event()
    heard = Looks(asked, page)
    reader = threading.Thread(target=_read_on, args=(panel, over))
    reader.start()
    try:
        yield heard
    finally:
        over.set()
        reader.join()
        context.close()


def _read_on(panel: Panel, over: threading.Event) -> None:
    while not over.wait(0.1):
        for path in LOOKS:
            assert panel.get(path).status == 200
        assert panel.call("GET", "/v1/models", root=True).status == 200


def test_looking_wakes_nothing_and_keeps_nothing_awake(panel: Panel, chromium: Browser) -> None:
    server, window_s = panel.make(NAME, idle_window_s=IDLE_WINDOW_S), panel.wall_s(IDLE_WINDOW_S)
    server.without_warm_up()  # that is no look
    with watched(panel, chromium) as asked:
        server.start()
        server.reaches("ready")
        assert ask(panel, NAME).status == 200
        counted = panel.control.counts()["total"]
        container = server.running()[0]["id"]
        until(lambda: not server.running(), limit_s=window_s + 20)
        _went_out_after_the_last_request(server, container, window_s)
        server.reaches("asleep")
        _check_the_connection(asked.page.context.new_page(), panel)
        _open_once(asked.page.context.new_page(), panel, server.runs()[0]["id"])
        asked.forget()
        holds(lambda: not server.running(), for_s=5 * window_s)
        assert server.state() == "asleep"
        assert panel.control.counts()["total"] == counted, "no look has reached a container"
        assert asked.so_far() >= 5, "the pages polled all the while"


def _open_once(page: Page, panel: Panel, run_id: int) -> None:
    own = (f"/deployments/{NAME}/{tab.format(run=run_id)}" for tab in ONCE)
    for path in (*own, *ONCE_ELSEWHERE):
        answer = page.goto(panel.url + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, path
    page.close()


def _check_the_connection(page: Page, panel: Panel) -> None:
    """The button that tries a key tells what a request would do, and makes none."""
    page.goto(f"{panel.url}/deployments/{NAME}/connect/")
    page.get_by_label("Key", exact=True).fill(panel.key)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("It wakes the server and waits").wait_for()
    said = page.locator("#check").inner_text()
    assert "is answered by this panel" in said
    assert "is in the list that this key gets" in said
    page.close()


def _went_out_after_the_last_request(server: Server, container: str, window_s: float) -> None:
    """Counted from the answer, however often somebody looked since."""
    gone = next(c for c in server.panel.control.containers() if c["id"] == container)
    until(lambda: server.runs()[0]["ended_at"])
    run = server.runs()[0]
    assert run["end_reason"] == "idle"
    ready = datetime.fromisoformat(run["ready_at"]).timestamp()
    lit_s = gone["finished_at"] - ready
    assert window_s * 0.9 < lit_s < window_s + 8, f"lit for {lit_s:.1f} s with a window of {window_s:.1f} s"
