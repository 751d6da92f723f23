"""An engine that costs nearly nothing: canned answers, whole or in 64 chunks, from one asyncio.Protocol."""

import asyncio
import sys
from typing import Any

import httptools
import uvloop

USAGE = b'"usage":{"prompt_tokens":20,"completion_tokens":64,"total_tokens":84}'
_WHOLE = (
    b'{"id":"c1","object":"chat.completion","choices":[{"message":{"content":"'
    + b"x" * 400
    + b'"}}],%s}' % USAGE
)
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_WHOLE),
    _WHOLE,
)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EVENT = b'data: {"id":"c1","object":"chunk","choices":[{"index":0,"delta":{"content":" word"}}]}\n\n'
CHUNKS = 64


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_PIECES = [
    _HEAD,
    *[_chunk(_EVENT)] * CHUNKS,
    _chunk(b"data: {%s}\n\ndata: [DONE]\n\n" % USAGE) + b"0\r\n\r\n",
]


class Engine(asyncio.Protocol):
    """Answers every request; a stream is written piece by piece, one turn of the loop each."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.stream = False

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.stream = b'"stream":true' in body

    def on_message_complete(self) -> None:
        if self.stream:
            self._write(0)
        else:
            self.transport.write(WHOLE)

    def _write(self, number: int) -> None:
        if number < len(_PIECES) and not self.transport.is_closing():
            self.transport.write(_PIECES[number])
            asyncio.get_running_loop().call_soon(self._write, number + 1)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Engine, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
