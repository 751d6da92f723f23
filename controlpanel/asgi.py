"""The ASGI entry point: the gateway answers `/v1/`, Django everything else."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

_django = get_asgi_application()

from django.conf import settings  # noqa: E402 (they need the line above)

from controlpanel.body_limit import limited  # noqa: E402
from gateway import asgi as gateway  # noqa: E402

pages = limited(_django, settings.PANEL_MAX_BODY_MIB * 1024 * 1024)  # type: ignore[arg-type]

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
        await pages(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """The server's start and end concern the gateway alone: it keeps connections open, and books."""
    await receive()
    await gateway.startup()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.shutdown()
    await send({"type": "lifespan.shutdown.complete"})
