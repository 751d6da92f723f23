"""`/deployments/{slug}/logs/stream/`: rows of new lines as server-sent events, for the page that is open."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from django.contrib.auth import get_user_model
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment, LogLine
from deployments.planning.power import Scope
from deployments.services import logs
from deployments.services.following import BATCH, Tail, follow, place_after
from deployments.services.logs import Asked, Found
from deployments.services.released import released

from .access import PageRequest, needs
from .log_asked import asked_of, whole
from .log_lines import rows
from .logs import look_of
from .lookup import deployment_of

Write = Callable[[list[LogLine]], Awaitable[str]]

RETRY_MS = 500
# Rows of one event: what a page takes in within one frame.
ROWS = 100
# Who is further behind is brought to the end: a page shows a window, and loads older lines on the way up.
MOST_BEHIND = 2000
_NEWEST = 500


@require_safe
@needs(Scope.READ)
async def log_stream(request: PageRequest, slug: str) -> StreamingHttpResponse:
    """Events `lines` with rows, after `Last-Event-ID` or `?after=`. An event `gap` comes first where so many
    lines follow that it begins with the newest instead."""
    deployment, asked = await released(deployment_of)(request, slug), asked_of(request)
    after = whole(request.headers.get("Last-Event-ID", "") or request.GET.get("after", ""))
    if after is not None and await released(_far_behind)(deployment, after):
        after, gap = None, True
    else:
        gap = False
    write = released(partial(_rows, deployment, asked, timezone.get_current_timezone_name()))
    tail = Tail(released(partial(_read, deployment, asked)), released(partial(_still_here, request)))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    content = _events(tail, after, gap, write)
    return StreamingHttpResponse(content, content_type="text/event-stream; charset=utf-8", headers=headers)


def _far_behind(deployment: Deployment, after: int) -> bool:
    rows = LogLine.objects.filter(deployment=deployment, id__gt=after).order_by("id")
    return rows[MOST_BEHIND : MOST_BEHIND + 1].exists()


def _read(deployment: Deployment, asked: Asked, after: int | None) -> Found:
    if after is None:
        return logs.newest(deployment, asked, _NEWEST)
    return logs.find(deployment, asked, after_id=after, limit=BATCH)


def _still_here(request: PageRequest) -> bool:
    """The person is active and has not signed out; what they may do is asked again at the next start."""
    key, person = request.session.session_key, request.user.pk
    if key is None or person is None or not request.session.exists(key):
        return False
    return get_user_model().objects.filter(pk=person, is_active=True).exists()


async def _events(tail: Tail, after: int | None, gap: bool, write: Write) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n" + ("event: gap\ndata: 1\n\n" if gap else "")
    async for found in follow(tail, after):
        if found is None:
            yield ": nothing new\n\n"
            continue
        for start in range(0, len(found.lines), ROWS):
            some = found.lines[start : start + ROWS]
            yield _event("lines", some[-1].pk, await write(some))
        if found.reached is not None:
            yield f"id: {place_after(found)}\n\n"


def _rows(deployment: Deployment, asked: Asked, zone: str, lines: list[LogLine]) -> str:
    """Rendered in the reader's zone: the answer outlives what the middleware set."""
    with timezone.override(zone):
        return "\n".join(rows(lines, look_of(deployment, asked)))


def _event(kind: str, place: int, text: str) -> str:
    data = "".join(f"data: {part}\n" for part in text.splitlines())
    return f"id: {place}\nevent: {kind}\n{data}\n"
