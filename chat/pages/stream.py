"""A reply while it is written, as server-sent events."""

import asyncio
import json
import time
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from chat.services.errors import ChatRefused
from chat.streams import Event, follow
from deployments.pages.access import needs
from deployments.planning.power import Scope

from .access import PageRequest, own_message

BEAT_S = 10.0
# A browser asks again by itself with Last-Event-ID; a bounded life frees what a proxy forgot to close.
LIFE_S = 300.0
# Tabs that nobody looks at give theirs back; who has more open in one process has lost count of them.
MOST_PER_PERSON = 24
RETRY_AFTER_S = 15
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream"}


_open: Counter[int | None] = Counter()  # readers of this process, by person


@require_GET
@needs(Scope.CHAT)
async def stream(request: PageRequest, public_id: str) -> HttpResponse | StreamingHttpResponse:
    """Everything from the beginning, or what came after Last-Event-ID (or `?after=`).

    204 ends a browser's asking again: there is nothing more to come. Somebody else's reply is a 404. 429
    where the person has MOST_PER_PERSON open here: the page tries again, less and less often.
    """
    if not await sync_to_async(_is_own)(request, public_id):
        raise Http404("The reply was not found.")
    person = request.user.pk
    if _open[person] >= MOST_PER_PERSON:
        return _too_many()
    after = request.headers.get("Last-Event-ID") or request.GET.get("after") or None
    return StreamingHttpResponse(_Reader(person, _lines(public_id, after)), headers=_HEADERS)


def _too_many() -> HttpResponse:
    text = f"{MOST_PER_PERSON} answers are being followed for you already. Close some tabs."
    headers = {"Retry-After": str(RETRY_AFTER_S), "Cache-Control": "no-store"}
    return HttpResponse(text, status=429, headers=headers, content_type="text/plain; charset=utf-8")


class _Reader:
    """The lines of one reader, who counts until they leave: at the end of the lines, when the response is
    closed, or when it is thrown away without having been sent."""

    def __init__(self, person: int | None, lines: AsyncGenerator[bytes]) -> None:
        _open[person] += 1
        self._lines = lines
        self._leave = weakref.finalize(self, _left, person)

    def close(self) -> None:
        """Django calls this when the response is over."""
        self._leave()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with aclosing(self._lines) as lines:
                async for line in lines:
                    yield line
        finally:
            self.close()


def _left(person: int | None) -> None:
    _open[person] -= 1
    if not _open[person]:
        del _open[person]


def _is_own(request: PageRequest, public_id: str) -> bool:
    """The one look into the database; its connection is not kept for the minutes that follow."""
    try:
        own_message(request, public_id)
        return True
    except ChatRefused:
        return False
    finally:
        connections.close_all()


async def _lines(public_id: str, after: str | None) -> AsyncGenerator[bytes]:
    """The events as lines, with a heartbeat where nothing comes."""
    ends_at = time.monotonic() + LIFE_S
    events = follow(public_id, after)
    coming: asyncio.Task[Event] | None = None
    yield b"retry: 1000\n\n"
    try:
        while (left_s := ends_at - time.monotonic()) > 0:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([coming], timeout=min(BEAT_S, left_s))
            if not done:
                yield b": alive\n\n"
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield line(event)
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        if isinstance(events, AsyncGenerator):
            await events.aclose()


def line(event: Event) -> bytes:
    """One event on the wire. JSON has no line ends, so nothing in a reply can end it early."""
    data = json.dumps(event.data, separators=(",", ":"), ensure_ascii=False)
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode("utf-8", "replace")
