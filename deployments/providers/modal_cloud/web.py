"""The only requests that reach a container: a wake, its continuation, the warm-up, and a keep-warm ping.

Modal holds a request for 150 s at most and then answers 303 with the address of its result, which another
process can ask for without starting anything (documented).
"""

import http.client
import ipaddress
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from deployments.providers.base import Credentials, NotDeployed, ProviderError, WakeHop, WakeOutcome, scaled

from .errors import redacted

# Modal's 150 s, and what the answer may take on its way. Only the first passes faster in a sandbox.
_HELD_S = 150
_WAY_S = 20
_PING_LIMIT_S = 25.0
_WORDS = 300
_CONNECT_S = 8.0

_REDIRECT = 303
_GONE = (404, 410)
_REFUSED = (401, 403)
_THROTTLED = 429
_BROKEN = 500
_WRONG = 400
# A second request at once compiles what a batch needs.
_PAIR = 2


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    words: str


def send_wake(credentials: Credentials, endpoint_url: str) -> WakeHop:
    """Send the one request that wakes the server and hold on for one hop."""
    url = f"{endpoint_url.rstrip('/')}/health"
    answer = _get(credentials, url, _hop_limit_s(credentials))
    if answer.status in _GONE:
        raise NotDeployed(f"{answer.status} {answer.words}")
    return _hop(url, answer)


def follow_wake(credentials: Credentials, result_url: str) -> WakeHop:
    """Ask for a result that a 303 named."""
    answer = _get(credentials, result_url, _hop_limit_s(credentials))
    if answer.status in _GONE:
        return WakeHop(WakeOutcome.RESULT_GONE, detail=f"{answer.status} {answer.words}")
    return _hop(result_url, answer)


def ping(credentials: Credentials, endpoint_url: str) -> None:
    """One request to a lit server."""
    answer = _get(credentials, f"{endpoint_url.rstrip('/')}/health", _PING_LIMIT_S)
    if answer.status in _GONE:
        raise NotDeployed(f"{answer.status} {answer.words}")
    _check_access(answer)
    if not 200 <= answer.status < 300:
        raise ProviderError(f"The server answered {answer.status} {answer.words}".strip(), permanent=False)


def warm_up(
    credentials: Credentials, endpoint_url: str, *, engine_key: str, bodies: Sequence[bytes], limit_s: float
) -> None:
    """Each body twice at once, one after the other. Raises ProviderError at the first that fails."""
    deadline = time.monotonic() + limit_s
    url = f"{endpoint_url.rstrip('/')}/v1/completions"
    headers = {"Authorization": f"Bearer {engine_key}", "Content-Type": "application/json"}
    with ThreadPoolExecutor(_PAIR) as pool:
        for body in bodies:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ProviderError(f"The warm-up was not over in {limit_s:.0f} s.", permanent=False)
            asked = [pool.submit(_ask, credentials, url, left, body, headers) for _ in range(_PAIR)]
            for answer in (one.result() for one in asked):
                _check_access(answer)
                if answer.status >= _WRONG:
                    said = f"The server answered the warm-up with {answer.status} {answer.words}"
                    raise ProviderError(said.strip(), permanent=False)


def _hop_limit_s(credentials: Credentials) -> float:
    return scaled(_HELD_S, credentials.speed).total_seconds() + _WAY_S


def _hop(url: str, answer: _Answer) -> WakeHop:
    _check_access(answer)
    if answer.status == _REDIRECT:
        target = urljoin(url, answer.location)
        if not answer.location or _origin(urlsplit(target)) != _origin(urlsplit(url)):
            return WakeHop(WakeOutcome.FAILED, detail="Modal redirected the wake to another site.")
        return WakeHop(WakeOutcome.CONTINUES, result_url=target)
    if 200 <= answer.status < 300:
        return WakeHop(WakeOutcome.READY)
    return WakeHop(WakeOutcome.FAILED, detail=f"{answer.status} {answer.words}".strip())


def _check_access(answer: _Answer) -> None:
    if answer.status in _REFUSED:
        raise ProviderError(
            f"Modal refused the proxy token ({answer.status} {answer.words}): make a new one.",
            permanent=True,
        )
    if answer.status == _THROTTLED:
        raise ProviderError(f"Modal throttles requests ({answer.words}).", permanent=False)
    if answer.status >= _BROKEN:
        raise ProviderError(f"{answer.status} {answer.words}".strip(), permanent=False)


def _get(credentials: Credentials, url: str, limit_s: float) -> _Answer:
    return _ask(credentials, url, limit_s)


def _ask(
    credentials: Credentials,
    url: str,
    limit_s: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> _Answer:
    parts = urlsplit(url)
    deadline = time.monotonic() + limit_s
    connection = _connection(parts, min(limit_s, _CONNECT_S))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        sent = {**_headers(credentials), **(headers or {})}
        connection.request("GET" if body is None else "POST", target, body=body, headers=sent)
        if connection.sock is not None:  # what is left of the whole limit, not the limit anew
            connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
        return _read(connection.getresponse(), credentials, sent)
    except TimeoutError:
        raise ProviderError(f"{parts.hostname} did not answer in {limit_s:.0f} s.", permanent=False) from None
    except (OSError, http.client.HTTPException) as error:
        words = redacted(str(error) or type(error).__name__, credentials)
        raise ProviderError(f"{parts.hostname} could not be reached: {words}", permanent=False) from None
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, credentials: Credentials, sent: Mapping[str, str]) -> _Answer:
    """What is shown and kept of an answer: nothing that was sent to keep the door shut, should the other side
    say it back, and no NUL, which PostgreSQL refuses."""
    body = response.read(2 * _WORDS).decode(errors="replace").replace("\x00", "")
    key = sent.get("Authorization", "").removeprefix("Bearer ")
    words = " ".join(redacted(body, credentials, [key]).split())[:_WORDS]
    return _Answer(response.status, response.headers.get("Location", ""), words)


def _connection(parts: SplitResult, limit_s: float) -> http.client.HTTPConnection:
    """The token goes out encrypted, or to this very machine."""
    if parts.scheme == "https" and parts.hostname:
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=limit_s)
    if parts.scheme == "http" and parts.hostname and _is_loopback(parts.hostname):
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=limit_s)
    raise ProviderError(f"{parts.scheme}://{parts.hostname} is no address of a server.", permanent=True)


def _headers(credentials: Credentials) -> Mapping[str, str]:
    return {"Modal-Key": credentials.proxy_token_id, "Modal-Secret": credentials.proxy_token_secret}


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        return (parts.scheme, parts.hostname, parts.port)
    except ValueError:  # a port that is no number
        return ("", None, None)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
