"""The door as an ASGI app for `/v1/`, for controlpanel/asgi.py to put in front of Django."""

import asyncio

from deployments import public

from .door.app import Door
from .door.asgi_types import Receive, Scope, Send
from .door.assembly import open_door

_doors: dict[asyncio.AbstractEventLoop, Door] = {}


def _door() -> Door:
    """The door of the running loop, opened by whoever comes first."""
    loop = asyncio.get_running_loop()
    door = _doors.get(loop)
    if door is None:
        door = _doors[loop] = open_door(public)
    return door


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one HTTP request whose path is under `/v1/`."""
    if scope["type"] != "http":
        raise ValueError(f"The gateway serves HTTP, not {scope['type']}.")
    await _door().serve(scope, receive, send)


async def startup() -> None:
    """Open the door of this loop; for the lifespan of the server. The first request does it too."""
    _door()


async def shutdown() -> None:
    """End open streams within seconds and write the books; for the lifespan of the server."""
    door = _doors.pop(asyncio.get_running_loop(), None)
    if door is not None:
        await door.close()
