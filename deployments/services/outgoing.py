"""One POST to an address that an admin typed in: bounded, never redirected, not into private nets."""

import http.client
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

# One step (connect, send, read) and the whole attempt, however slowly the receiver drips.
STEP_S, WHOLE_S = 5.0, 8.0
# NAT64, and the deprecated IPv4-compatible addresses (RFC 4291, 2.5.5.1).
_CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
_PRIVATE = (
    "The address leads to this machine or a private network. Where that is meant, set"
    " NOTIFY_PRIVATE_ADDRESSES."
)


class NotSent(Exception):
    """It did not arrive. `str()` says why, without the address: it may be a secret."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send JSON; NotSent unless the receiver answers 2xx. Redirects are not followed: they are an answer that
    is not 2xx. The name is resolved once, and what was checked is what is connected to."""
    parts = check(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    plain = {"Content-Type": "application/json", "User-Agent": "Pilotlight", "Connection": "close"}
    try:
        with _connected(parts) as connection:
            connection.request("POST", path, body, plain | dict(headers))
            status = connection.getresponse().status
    except ssl.SSLError:
        raise NotSent("Its certificate could not be verified.") from None
    except TimeoutError:
        raise NotSent("It did not answer in time.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"It could not be reached ({type(error).__name__}).") from None
    if not 200 <= status < 300:
        raise NotSent(f"It answered {status}.")


def check(url: str) -> SplitResult:
    """The parts of an address that may be used. NotSent where it may not, whatever it resolves to."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or not url.isascii() or any(one <= " " for one in url):
        raise NotSent("Give an address that begins with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise NotSent("Give the address without a user name and password.")
    return parts


@contextmanager
def _connected(parts: SplitResult) -> Iterator[http.client.HTTPConnection]:
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    plain = socket.create_connection((_address(host, port), port), timeout=STEP_S)
    with plain, cut_after(WHOLE_S, plain):
        used = plain
        if secure:
            used = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        with used:
            connection = http.client.HTTPConnection(parts.netloc, timeout=STEP_S)
            connection.sock = used
            yield connection


@contextmanager
def cut_after(limit_s: float, line: socket.socket) -> Iterator[None]:
    """Cut the line after so long: that ends a reader's wait, while a receiver that drips a byte at a time
    resets every other clock."""
    # A descriptor of its own: TLS takes the socket's away, and a TLS socket cannot be doubled itself.
    own = socket.socket(fileno=os.dup(line.fileno()))

    def cut() -> None:
        with suppress(OSError):
            own.shutdown(socket.SHUT_RDWR)

    ended = threading.Timer(limit_s, cut)
    ended.daemon = True
    ended.start()
    try:
        yield
    finally:
        ended.cancel()
        ended.join()
        own.close()


def _address(host: str, port: int) -> str:
    """The address to connect to. NotSent where any that the name stands for is not open to the world."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotSent("Its name could not be resolved.") from None
    addresses = [str(one[4][0]) for one in found]
    if not settings.NOTIFY_PRIVATE_ADDRESSES and not all(_is_open(one) for one in addresses):
        raise NotSent(_PRIVATE)
    return addresses[0]


def _is_open(address: str) -> bool:
    """What carries an IPv4 address within is refused: a gateway would lead it to wherever that one points."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    one = mapped or found
    if isinstance(one, ipaddress.IPv6Address):
        carries = any(one in net for net in _CARRIERS) or one.sixtofour or one.teredo
        if carries:
            return False
    return bool(one.is_global and not one.is_multicast)
