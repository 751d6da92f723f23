"""The openai package's requests, sent by aiohttp.

The package's own HTTP stack takes most of the time that a chunk costs (bench/chat): every read passes through
four layers of Python. aiohttp parses in C, and hands on whatever has come.
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx2

_MOST_CONNECTIONS = 1000


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """For one event loop. Errors are those that the openai package knows."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it; the answer's body is read while it comes."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        try:
            answer = await self._session.request(
                request.method,
                str(request.url),
                headers=[(name, value) for name, value in request.headers.multi_items() if name != "host"],
                data=await request.aread(),
                timeout=_timeout(request.extensions.get("timeout", {})),
                allow_redirects=False,
            )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(str(error), request=request) from error
        except aiohttp.ClientError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers]
        return httpx2.Response(
            answer.status, headers=headers, stream=_Body(answer), extensions={"http_version": b"HTTP/1.1"}
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


class _Body(httpx2.AsyncByteStream):
    """The bytes of an answer as they come. Closing it early closes the connection: the door hears that."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except TimeoutError as error:
            raise httpx2.ReadTimeout(str(error)) from error
        except aiohttp.ClientError as error:
            raise httpx2.ReadError(str(error)) from error

    async def aclose(self) -> None:
        self._answer.close()


def _timeout(wanted: dict[str, Any]) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=wanted.get("connect"), sock_read=wanted.get("read"))
