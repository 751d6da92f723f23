"""Pictures of every page, light and dark, wide and as a phone, into screenshots/: `make screenshots`.

Starts a panel of its own on a temporary folder with the stand-in cloud, signs in, and walks what people do:
off, start dialog, waking, ready and used, asleep. Says what the browser complained about (console errors,
refused content, pages wider than the window), and which pictures are too large for the documents.
CHROMIUM_PATH names another browser. `make screenshots DOCS=1` renews those of docs/screenshots/, too.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.acceptance.panel import PASSWORD, SLUG, Panel, ask
from tests.patience import until

ROOT = Path(__file__).resolve().parent.parent
OUT, KEPT = ROOT / "screenshots", ROOT / "docs" / "screenshots"
LOOKS = (
    ("1440-light", 1440, 900, "light"),
    ("1440-dark", 1440, 900, "dark"),
    ("390-light", 390, 844, "light"),
    ("390-dark", 390, 844, "dark"),
)
# What the documents call them, and which picture it is.
DOCUMENTS = {
    "home": "asleep-home-1440-light",
    "start-dialog": "asleep-start-1440-light",
    "deployment-waking": "waking-overview-1440-dark",
    "deployment-ready": "ready-overview-1440-light",
    "chat": "ready-chat-preview-1440-light",
    "connect": "ready-connect-1440-light",
    "keys": "ready-keys-1440-light",
    "costs": "ready-costs-1440-light",
    "phone": "waking-overview-390-dark",
}
LARGEST_KB = 200
# Slow enough that a boot (275 s of life) lasts while every look of it is taken.
SPEED = 8
ONE = f"/deployments/{SLUG}/"
OFF = {
    "home": "/",
    "chat": f"{ONE}chat/",
    "overview": ONE,
    "people": "/people/",
    "person": "/people/1/",
    "invite": "/people/invite/",
    "key-new": "/keys/new/",
    "freeze": "/freeze/",
    "on-call": "/on-call/",
    "runbooks": "/on-call/runbooks/",
    "profile": "/accounts/profile/",
    "settings": f"{ONE}settings/",
    "model-fit": "/models/fit/",
    "edit": f"{ONE}settings/edit/",
    "new": "/deployments/new/",
    "new-empty": "/deployments/new/?from=empty",
    "missing": "/nowhere/",
}
WAKING = {"overview": ONE, "home": "/", "logs": f"{ONE}logs/"}
READY = {
    "release": f"{ONE}releases/1/",
    "configuration-file": f"{ONE}settings/import/",
    "formats": f"{ONE}formats/",
    "release-new": f"{ONE}releases/new/",
    "dry-run": f"{ONE}dry-run/",
    "home": "/",
    "overview": ONE,
    "connect": f"{ONE}connect/",
    "runs": f"{ONE}runs/",
    "all-runs": "/runs/",
    "run": f"{ONE}runs/1/",
    "metrics": f"{ONE}metrics/?range=1h",
    "logs": f"{ONE}logs/",
    "extend": f"{ONE}extend/",
    "keys": "/keys/",
    "costs": "/costs/",
    "prices": "/costs/prices/",
    "bills": "/costs/bills/",
    "notifications": "/settings/notifications/",
    "accounts": "/settings/accounts/",
    "account": "/settings/accounts/1/",
    "account-new": "/settings/accounts/new/",
    "rotate": "/settings/accounts/1/rotate/engine_key/",
    "unexplained": "/costs/unexplained/",
    "compare": "/costs/compare/",
    "activity": "/activity/",
}
ASLEEP = {
    "home": "/",
    "schedules": f"{ONE}schedules/",
    "schedule": f"{ONE}schedules/new/",
    "chat": f"{ONE}chat/",
    "overview": ONE,
    "connect": f"{ONE}connect/",
}
SEED = """
from datetime import timedelta
from django.utils import timezone
from controlpanel.models import User
from controlpanel.people.inviting import invite
from controlpanel.roles import give_role
from deployments.planning.power import SYSTEM, Role
from gateway.keys import create_key
from gateway.models import ApiKey
me = User.objects.get(username="admin")
ApiKey.objects.update(name="laptop, OpenCode")
soon = timezone.now() + timedelta(days=90)
create_key(actor=SYSTEM, owner=me, name="nightly evaluation", scopes=["chat"], expires_at=soon)
create_key(actor=SYSTEM, owner=me, name="editor", scopes=["read", "chat", "wake"], when_asleep="answer",
           deployments=["glm-5-2-fp8"], expires_at=soon)
for name, role in (("anna", Role.OPERATOR), ("ben", Role.MEMBER)):
    give_role(User.objects.create_user(name), role)
invite(actor=SYSTEM, role=Role.VIEWER, whom="Somebody of support")
"""
TOO_LONG = (
    "(EngineCore pid=41) ERROR 11-24 09:01:40 [x.py:1] ValueError: To serve at least one request with the "
    "model's max seq len (131072), (53.4 GiB KV cache is needed, which is larger than the available KV cache "
    "memory (25.9 GiB). Based on the available memory, the estimated maximum model length is 65536.\n"
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}\n"
)
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Look:
    """One window, signed in."""

    name: str
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        """Keep what the console says is wrong; the page that is missing has to be."""
        if said.type == "error" and "nowhere" not in self.page.url:
            self.complaints.append(f"{self.name} {self.page.url}: {said.text}")

    def take(self, stage: str, pages: dict[str, str]) -> None:
        """A picture of each page."""
        for name, path in pages.items():
            self.page.goto(self.url + path)
            self.page.wait_for_load_state("load")
            self.picture(f"{stage}-{name}")

    def picture(self, name: str) -> None:
        """What the window shows now."""
        wide = self.page.evaluate(_TOO_WIDE)
        if wide > 0:
            self.complaints.append(f"{self.name} {self.page.url}: {wide} px too wide")
        self.page.screenshot(path=OUT / f"{name}-{self.name}.png")

    def talk(self, text: str) -> str:
        """Say something in a new conversation and wait for the whole reply; where the conversation is."""
        self.page.goto(f"{self.url}{ONE}chat/")
        self.page.fill("textarea[name=text]", text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".receipt", timeout=120_000)
        return self.page.url.removeprefix(self.url)

    def conversation(self, stage: str, path: str) -> None:
        """A conversation, and the page that its reply brought beside it."""
        self.take(stage, {"chat-reply": path})
        self.page.locator("button, a").filter(has_text="Preview “").first.click()
        self.page.wait_for_selector("iframe")
        self.page.wait_for_timeout(1500)
        self.picture(f"{stage}-chat-preview")

    def start_dialog(self, stage: str) -> None:
        """The dialog that shows the price before anything is spent."""
        self.page.goto(self.url + ONE)
        self.page.locator(f"#start-{SLUG}").click()
        self.page.wait_for_selector("dialog[open]")
        self.picture(f"{stage}-start")


def main() -> int:
    """Take all pictures; 1 where there is something to complain about."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with tempfile.TemporaryDirectory(prefix="pilotlight-") as folder, running(Path(folder)) as panel:
        panel.shell(SEED)
        panel.make("nightly-batch")
        with looks(panel) as opened:
            walk(panel, opened)
    said = [one for look in opened for one in look.complaints] + too_large()
    if os.environ.get("DOCS"):
        keep()
    print("\n".join(said) or f"{len(list(OUT.iterdir()))} pictures in {OUT}, no complaints")
    return min(len(said), 1)


def walk(panel: Panel, opened: Sequence[Look]) -> None:
    """From off through a start and its use to sleep, with every look at every stage."""
    server = panel.on()
    for look in opened:
        look.take("off", OFF)
    for look in opened:
        look.start_dialog("off")
    server.start(reason="Release notes")
    until(lambda: server.status()["phase"] == "weights", limit_s=120)
    for look in opened:
        look.take("waking", WAKING)
    server.reaches("ready")
    for text in ("Summarise the release notes.", "What is two and two?"):
        ask(panel, text=text)
    game = opened[0].talk("Build a small game in one HTML file.")
    for look in opened:
        look.take("ready", READY)
        look.conversation("ready", game)
    server.sleep(force=True)
    server.reaches("asleep", "off")
    for look in opened:
        look.take("asleep", ASLEEP)
        look.start_dialog("asleep")
    failed(panel, opened)


def failed(panel: Panel, opened: Sequence[Look]) -> None:
    """A start whose context does not fit: the diagnosis, its line, and the change."""
    server = panel.on("nightly-batch")
    panel.control.set_fault("boot_dies", app="nightly-batch", at="cache", log=TOO_LONG)
    server.start(reason="Nightly evaluation")
    card = server.reaches("failed", limit_s=180)["failure"]["diagnosis"]
    line = f"logs/?run={card['run_id']}&line={card['line_id']}#line-{card['line_id']}"
    parts = {
        "overview": "",
        "run": f"runs/{card['run_id']}/",
        "logs": line,
        "change": f"findings/{card['id']}/",
    }
    for look in opened:
        look.take("failed", {name: f"/deployments/nightly-batch/{part}" for name, part in parts.items()})


@contextmanager
def running(folder: Path) -> Iterator[Panel]:
    """A panel of its own, of which nothing is left."""
    panel = Panel(folder / "data", speed=SPEED, from_nothing=True)
    try:
        yield panel.start()
    finally:
        panel.close()


@contextmanager
def looks(panel: Panel) -> Iterator[list[Look]]:
    """A window for each look."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM_PATH") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield [signed_in(browser, panel, *look) for look in LOOKS]
        browser.close()


def signed_in(browser: Browser, panel: Panel, name: str, width: int, height: int, scheme: str) -> Look:
    """A window in which the admin has signed in; the door itself is shown to a window that has not."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",  # type: ignore[arg-type]
    )  # fmt: skip
    look = Look(name, context.new_page(), panel.url)
    look.page.on("console", look.hear)
    look.page.goto(f"{panel.url}/accounts/login/")
    look.picture("off-sign-in")
    look.page.fill("[name=username]", "admin")
    look.page.fill("[name=password]", PASSWORD)
    look.page.click("button:has-text('Sign in')")
    look.page.wait_for_url(f"{panel.url}/")
    return look


def too_large() -> list[str]:
    """Pictures for the documents that are larger than they may be."""
    sizes = {name: (OUT / f"{name}.png").stat().st_size // 1024 for name in DOCUMENTS.values()}
    return [
        f"{name}.png has {kb} KB, more than {LARGEST_KB}" for name, kb in sizes.items() if kb > LARGEST_KB
    ]


def keep() -> None:
    """Put those of the documents where the documents look for them."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for called, name in DOCUMENTS.items():
        shutil.copy(OUT / f"{name}.png", KEPT / f"{called}.png")


if __name__ == "__main__":
    sys.exit(main())
