"""The door and the house behind it, as the server calls them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controlpanel.asgi import application
from gateway import asgi as gateway

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _closed_door() -> AsyncIterator[None]:
    yield
    await gateway.shutdown()


async def ask(path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent: list[dict[str, Any]] = []
    body = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in body:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    answer = b"".join(each.get("body", b"") for each in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), answer


async def test_v1_is_the_gateways() -> None:
    status, _, body = await ask("/v1/models")
    assert status == 401
    assert b"invalid_key" in body


@pytest.mark.parametrize("path", ["/v1", "/v10/models", "/healthz"])
async def test_everything_else_is_djangos(path: str) -> None:
    _, headers, body = await ask(path)
    assert b"Content-Security-Policy" in headers
    assert b"invalid_key" not in body


async def test_start_and_end_of_the_server_are_answered() -> None:
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return next(asked)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await application({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
