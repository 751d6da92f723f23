"""Reading along with one reply."""

import asyncio
import re
from collections.abc import AsyncIterator
from weakref import WeakKeyDictionary

from chat.models import ENDED
from chat.threads import in_thread

from .events import Event
from .from_rows import rows_of, status_of
from .hub import Behind, BrokerAway, Hub

# A place in a stream, within 64 bits; anything else the broker would refuse, for every reader at once.
_STREAM_ID = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")

# Without an event for so long, the row is asked whether there is still anybody who writes.
QUIET_S = 2.0
# At first: long enough for a stream that exists to say so.
_FIRST_S = 0.25
_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


async def follow(public_id: str, after: str | None = None) -> AsyncIterator[Event]:
    """Every event of the reply after the id `after`, up to its last `state`; from the beginning without one.

    Where there is no stream (long over, or the broker is away) the events are made from the row, once a
    second or two while it lives; they replace what was shown. Holds no database connection. Ends for an id
    that does not exist.
    """
    position = after if after and _STREAM_ID.fullmatch(after) else None
    shown: list[Event] = []
    patience_s = _FIRST_S
    while True:
        follower = _hub().join(public_id, position)
        try:
            while (event := await follower.next(patience_s)) is not None:
                position, shown, patience_s = event.id, [], QUIET_S
                over = event.is_last and await in_thread(status_of, public_id) in (*ENDED, None)
                if over or not event.is_last:  # the end before a Continue is no end
                    yield event
                if over:
                    return
        except Behind:
            continue
        except BrokerAway:
            position = None
        finally:
            _hub().leave(follower)
        patience_s = QUIET_S
        rows = await in_thread(rows_of, public_id)
        over = not rows or rows[-1].is_last
        if rows != shown and (over or position is None):
            for event in rows:
                yield event
            shown = rows
        if over:
            return


def _hub() -> Hub:
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
