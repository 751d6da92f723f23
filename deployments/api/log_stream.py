"""Log lines as server-sent events: one for each line, with its id."""

import json
from collections.abc import AsyncIterator

from deployments.models import LogLine
from deployments.services.following import Tail, follow, place_after

from .log_schemas import as_json

RETRY_MS = 1000


async def events(tail: Tail, after_id: int | None) -> AsyncIterator[str]:
    """The lines after `after_id` as they come, and a comment in silence. A search that goes on without a find
    sends the bare id that it came to, so that whoever comes again does not search from the beginning."""
    yield f"retry: {RETRY_MS}\n\n"
    async for found in follow(tail, after_id):
        if found is None:
            yield ": nothing new\n\n"
        else:
            place, last = place_after(found), found.lines[-1].pk if found.lines else None
            yield "".join(map(_event, found.lines)) + ("" if place == last else f"id: {place}\n\n")


def _event(line: LogLine) -> str:
    return f"id: {line.pk}\ndata: {json.dumps(as_json(line), ensure_ascii=False)}\n\n"
