"""Clients that leave, clients that stall, and a panel that stops."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn

from gateway.models import Outcome

from .house import SECRET, House, Panel, build_house, open_house, route, until
from .raw_engine import LAST, SSE, Heard, RawEngine, chunk, raw_engine


async def never(heard: Heard, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def endless(heard: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(SSE)
    writer.write(chunk(b'data: {"type": "message_start", "message": {"usage": {"input_tokens": 7}}}\n\n'))
    while True:
        writer.write(chunk(b"data: x\n\n"))
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(heard: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(SSE)
    while True:
        writer.write(chunk(b"data: " + b"x" * 60_000 + b"\n\n"))
        await writer.drain()


async def test_client_that_leaves_before_the_first_token_ends_the_generation() -> None:
    async with raw_engine(never) as engine, open_house(route(engine.url)) as house:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), house.post():
                pass
        await asyncio.wait_for(engine.left.wait(), 2)
        row = await house.row()
        assert (row.outcome, row.status) == (Outcome.CLIENT_LEFT, 499)


async def test_client_that_leaves_in_the_middle_ends_the_generation() -> None:
    async with raw_engine(endless) as engine, open_house(route(engine.url)) as house:
        answer = await house.post()
        await answer.content.readany()
        answer.close()
        await asyncio.wait_for(engine.left.wait(), 2)
        row = await house.row()
        assert (row.outcome, row.status) == (Outcome.CLIENT_LEFT, 200)
        assert row.bytes_out > 0
        assert row.prompt_tokens == 7, "what was told until then is known"
        assert house.panel.failures == []


async def test_client_that_leaves_while_it_asks_leaves_a_row() -> None:
    async with open_house(route()) as house:
        port = int(house.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [
            "POST /v1/embeddings HTTP/1.1",
            "host: x",
            f"x-api-key: {SECRET}",
            "content-length: 9",
            "",
            "{",
        ]
        writer.write("\r\n".join(lines).encode())
        await until(lambda: house.books.open)
        writer.close()
        row = await house.row()
        assert (row.outcome, row.status) == (Outcome.CLIENT_LEFT, 499)


async def test_time_to_the_first_token_is_never_cut() -> None:
    go_on = asyncio.Event()

    async def slow(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(SSE + chunk(b"data: x\n\n") + LAST)

    async with raw_engine(slow) as engine, open_house(route(engine.url)) as house:
        asking = asyncio.ensure_future(house.post())
        await until(lambda: engine.heard)
        house.hands.ahead_s = 7200
        await house.tick()
        assert not asking.done()
        go_on.set()
        answer = await asking
        assert (answer.status, await answer.read()) == (200, b"data: x\n\n")


@contextlib.asynccontextmanager
async def stalled(house: House) -> AsyncIterator[asyncio.StreamReader]:
    """A client that asks and then takes nothing."""
    port = int(house.url.rpartition(":")[2])
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
    body = b'{"model":"glm-5.2-fp8"}'
    lines = [
        "POST /v1/completions HTTP/1.1",
        "host: x",
        f"x-api-key: {SECRET}",
        f"content-length: {len(body)}",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    try:
        yield reader
    finally:
        writer.transport.abort()


async def test_slow_client_slows_the_engine_down_and_memory_stays() -> None:
    sent, blocked_since = 0, 0.0
    now = asyncio.get_running_loop().time

    async def counting(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal sent, blocked_since
        writer.write(SSE)
        while True:
            writer.write(chunk(b"data: " + b"x" * 60_000 + b"\n\n"))
            blocked_since = now()
            await writer.drain()
            blocked_since = 0.0
            sent += 60_000

    async with raw_engine(counting) as engine, open_house(route(engine.url)) as house, stalled(house):
        await until(lambda: sent >= 16_000_000 or (blocked_since and now() - blocked_since > 0.1))
        assert sent < 16_000_000  # the buffers of two sockets, and the door's own of 64 KiB each


async def test_client_that_takes_nothing_is_let_go() -> None:
    async with raw_engine(flood) as engine, open_house(route(engine.url)) as house, stalled(house):
        await until(lambda: any(exchange.sending_since for exchange in house.books.open))
        house.hands.ahead_s = 119
        await house.tick()
        assert not engine.left.is_set()
        house.hands.ahead_s = 125
        await house.tick()
        await asyncio.wait_for(engine.left.wait(), 2)
        row = await house.row()
        assert (row.outcome, row.error_code) == (Outcome.CLIENT_LEFT, "client_stalled")


class _Server(uvicorn.Server):
    """A server that leaves the signals of the test run alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def _stop_with_open_stream(engine: RawEngine, path: str) -> tuple[bytes, House]:
    """Ask, stop the server as a supervisor does, and say what the client got."""
    house = build_house(Panel([route(engine.url)]))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            return await house.door.serve(scope, receive, send)
        for said in ("startup", "shutdown"):
            await receive()
            if said == "shutdown":
                await house.door.close()
            await send({"type": f"lifespan.{said}.complete"})
        return None

    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
    async with aiohttp.ClientSession(headers={"x-api-key": SECRET}) as http:
        await until(lambda: server.started)
        answer = await http.post(url, json={"model": "glm-5.2-fp8"})
        await answer.content.readany()
        server.should_exit = True
        got = await asyncio.wait_for(answer.read(), 4)
    await asyncio.wait_for(serving, 4)
    return got, house


async def test_stopping_server_ends_streams_in_their_protocol_and_writes_the_books() -> None:
    async with raw_engine(endless) as engine:
        got, house = await _stop_with_open_stream(engine, "/v1/messages")
        assert b"event: error\n" in got
        assert b'"panel_stopping"' in got
        await asyncio.wait_for(engine.left.wait(), 2)
        assert [row.outcome for row in house.rows] == [Outcome.CUT]
        assert house.panel.in_flight[-1] == []


async def test_closed_door_refuses() -> None:
    async with open_house(route()) as house:
        house.door._closing = True
        async with house.post() as answer:
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert (await answer.json())["error"]["code"] == "panel_stopping"
