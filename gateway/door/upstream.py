"""Asking the engine: which headers go there, and Modal's detours."""

import io
from collections.abc import Iterable

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from deployments.public import Route

from .problems import Problem

# vLLM's server closes an idle connection after 5 s; give it up before, so that no request meets the closing.
_KEEPALIVE_S = 3.0
_CONNECT_TIMEOUT_S = 10.0
# A chunk read from the engine; reading stops at twice this while the client is slower.
_READ_BYTES = 64 * 1024
# Modal answers 303 after 150 s, again and again ("about 20" by its documentation, an hour would be 24).
_MOST_DETOURS = 30
_IN_ONE_PIECE_BYTES = 1024 * 1024

_PASSED_ON = (b"content-type", b"accept", b"anthropic-version", b"anthropic-beta")

_JSON = "application/json"

LOST = (ClientError, OSError, TimeoutError)


class Upstream:
    """Connections to engines, kept for a moment. Follows no redirect but Modal's, keeps no cookie.

    Make it inside the event loop that uses it.
    """

    def __init__(self) -> None:
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S, ttl_dns_cache=60),
            timeout=ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=_READ_BYTES,
            headers={"User-Agent": "pilotlight", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def ask(
        self, route: Route, path: str, *, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> ClientResponse:
        """The engine's answer, its headers read; never cut short, however long they take.

        The request is sent once. The caller closes the response, which ends the generation where it is not
        finished. Raises one of LOST where no answer came, Problem 502 where the answer is a detour
        elsewhere.
        """
        sent = {**_passed_on(headers), **_credentials(route)}
        data = body if len(body) <= _IN_ONE_PIECE_BYTES else io.BytesIO(body)
        url = URL(route.endpoint_url.rstrip("/") + path)
        response = await self._session.post(url, data=data, headers=sent, allow_redirects=False)
        sent.pop("content-type", None)
        for _ in range(_MOST_DETOURS):
            if response.status != 303:
                return _no_redirect(response)
            target = _same_origin(response, url)
            response.close()
            response = await self._session.get(target, headers=sent, allow_redirects=False)
        response.close()
        raise _lost("engine_timeout", "The engine did not answer within about an hour.", status=504)


def _passed_on(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    sent = {"content-type": _JSON, "accept": "*/*"}
    for name, value in headers:
        if name in _PASSED_ON and value.isascii() and value.decode().isprintable():
            sent[name.decode()] = value.decode()
    # It was read as JSON: another name for it, such as curl's, must not cost a wake for a refusal.
    if not sent["content-type"].lower().startswith(_JSON):
        sent["content-type"] = _JSON
    return sent


def _credentials(route: Route) -> dict[str, str]:
    sent = {}
    if route.engine_key:
        sent["authorization"] = f"Bearer {route.engine_key}"
    if route.proxy_token_id and route.proxy_token_secret:
        sent["modal-key"] = route.proxy_token_id
        sent["modal-secret"] = route.proxy_token_secret
    return sent


def _same_origin(response: ClientResponse, url: URL) -> URL:
    """Where the detour goes; credentials never leave for another origin."""
    try:
        target = url.join(URL(response.headers.get("location", ""), encoded=True))
        elsewhere = target.origin() != url.origin() or target == url
    except ValueError:
        elsewhere = True
    if elsewhere:
        response.close()
        raise _lost("engine_redirected", "The engine's address sent the request elsewhere.")
    return target


def _no_redirect(response: ClientResponse) -> ClientResponse:
    if 300 <= response.status < 400:
        response.close()
        raise _lost("engine_redirected", "The engine's address sent the request elsewhere.")
    if response.status == 401:
        response.close()
        raise _lost(
            "engine_key_refused", "The engine refused the panel's own key. Create a release to renew it."
        )
    return response


def _lost(code: str, message: str, status: int = 502) -> Problem:
    return Problem(status, code, message, engine_lost=True)
