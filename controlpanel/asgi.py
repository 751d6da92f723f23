"""The ASGI entry point: the gateway answers `/v1/`, Django everything else."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

pages = get_asgi_application()

from gateway import asgi as gateway  # noqa: E402 (its models need the line above)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Dispatch by path."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["path"].startswith("/v1/"):
        await gateway.application(scope, receive, send)
    else:
        await pages(scope, receive, send)  # type: ignore[arg-type]


async def _lifespan(receive: Receive, send: Send) -> None:
    """The server's start and end concern the gateway alone: it keeps connections open, and books."""
    await receive()
    await gateway.startup()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.shutdown()
    await send({"type": "lifespan.shutdown.complete"})
