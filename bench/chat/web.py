"""One web process for the measurement: the whole of Django, and the door to one engine that is always ready.

usage: python web.py PORT ENGINE_URL
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

import uvicorn
from django.core.asgi import get_asgi_application

django_app = get_asgi_application()

from deployments.public import InFlightRow, Route, State  # noqa: E402
from gateway.door.app import Door  # noqa: E402
from gateway.door.assembly import open_door  # noqa: E402

SLUG = "glm-5-2-fp8"
_KEY = "engine-secret"


class Panel:
    """One deployment that is ready; in life this comes from rows that the workers keep fresh."""

    def __init__(self, engine: str) -> None:
        self.route = Route(
            1, SLUG, "glm-5.2-fp8", State.READY, "Lit.", engine, _KEY, "", "", None, None, None
        )

    def routes(self) -> Sequence[Route]:
        """The one route."""
        return [self.route]

    def report_in_flight(self, process: str, rows: Sequence[InFlightRow]) -> None:
        """Forget it."""

    def note_use(self, deployment_id: int, at: Any) -> None:
        """Forget it."""

    def note_engine_failure(self, deployment_id: int, at: Any, text: str) -> None:
        """Forget it."""


def web_app(engine: str) -> Any:
    """The door for `/v1/`, Django for the rest: as gateway/asgi.py does."""
    doors: list[Door] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """One request; the door is opened by the first."""
        if not scope["path"].startswith("/v1/"):
            await django_app(scope, receive, send)
            return
        if not doors:
            doors.append(open_door(Panel(engine)))  # type: ignore[arg-type]
        await doors[0].serve(scope, receive, send)

    return app


if __name__ == "__main__":
    port, engine_url = sys.argv[1:]
    uvicorn.run(web_app(engine_url), host="127.0.0.1", port=int(port), log_level="error", lifespan="off")
