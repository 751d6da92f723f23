"""An engine that says byte for byte what a test wants, and remembers what it was sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Heard:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawEngine:
    """Answers each request by `answer`; `left` counts clients that hung up on it."""

    answer: Answer
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (heard := await _read_request(reader)) is not None:
                self.heard.append(heard)
                answering = asyncio.ensure_future(self.answer(heard, writer))
                leaving = asyncio.ensure_future(_closed(reader, writer))
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    answering.cancel()
                    self.left.set()
                    return
                leaving.cancel()
                await asyncio.wait({leaving})
                answering.result()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()


async def _closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not reader.at_eof() and not writer.is_closing():  # noqa: ASYNC110 - reading would take the next request
        await asyncio.sleep(0.02)


async def _read_request(reader: asyncio.StreamReader) -> Heard | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Heard(method, path, headers, body)


def head(status: int, *headers: str, reason: str = "X") -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *headers, "", ""]).encode()


def whole(status: int, body: bytes, *headers: str) -> Answer:
    """An engine that always answers this."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        given = headers or ("content-type: application/json",)
        writer.write(head(status, *given, f"content-length: {len(body)}") + body)

    return answer


SSE = head(200, "content-type: text/event-stream; charset=utf-8", "transfer-encoding: chunked")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


LAST = b"0\r\n\r\n"


@contextlib.asynccontextmanager
async def raw_engine(answer: Answer) -> AsyncIterator[RawEngine]:
    """An engine on a free port of this machine."""
    engine = RawEngine(answer)
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0, limit=2**26)
    engine.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield engine
    finally:
        server.close()
