"""The SDK's clients.

Clients are opened once per process and credentials and shared by threads: the SDK runs all of them on one
event loop of its own. After a fork the child opens its own.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import modal
from modal import exception
from modal.client import Client
from modal.config import DEFAULT_SERVER_URL
from modal_proto import api_pb2

from deployments.providers.base import Credentials

# Where a client connects and what a single call may take. Together they stay under the protocol's 30 s.
CONNECT_LIMIT_S = 8.0
CALL_LIMIT_S = 20.0

Answer = TypeVar("Answer")
_Key = tuple[int, str, str, str]

_clients: dict[_Key, Client] = {}
_locks: dict[_Key, threading.Lock] = {}

__all__ = [
    "CALL_LIMIT_S",
    "CONNECT_LIMIT_S",
    "Client",
    "api_pb2",
    "client_of",
    "forget",
    "missing",
    "modal",
    "wait",
]


def wait(work: Callable[[], Awaitable[Answer]], limit_s: float) -> Answer:
    """The answer of an SDK coroutine. Raises TimeoutError after `limit_s` wall seconds, and ends the call.

    Only for threads without an event loop of their own.
    """

    async def bounded() -> Answer:
        async with asyncio.timeout(limit_s):
            return await work()

    return asyncio.run(bounded())


async def missing(names: Sequence[str], named: Callable[[str], Any]) -> list[str]:
    """Those of `names` under which the provider has no such object; `named` gives the SDK's reference."""

    async def exists(name: str) -> bool:
        try:
            await named(name).hydrate.aio()
        except exception.NotFoundError:
            return False
        return True

    there = await asyncio.gather(*map(exists, names))
    return [name for name, found in zip(names, there, strict=True) if not found]


def client_of(credentials: Credentials) -> Client:
    """The open client of these credentials in this process; opens it at the first call."""
    key = _key(credentials)
    with _locks.setdefault(key, threading.Lock()):
        client = _clients.get(key)
        if client is None or client.is_closed():
            client = wait(lambda: _opened(credentials), CONNECT_LIMIT_S)
            _clients[key] = client
        return client


def forget(credentials: Credentials) -> None:
    """Open a fresh client at the next call; for one that went bad."""
    _clients.pop(_key(credentials), None)


def _key(credentials: Credentials) -> _Key:
    return (os.getpid(), credentials.server_url, credentials.token_id, credentials.token_secret)


async def _opened(credentials: Credentials) -> Client:
    # `Client.from_credentials` takes the address from the process's settings; two accounts in one process,
    # a sandbox and Modal, need one each. The same holds for the deploy's subprocess.
    server_url = credentials.server_url or DEFAULT_SERVER_URL
    client: Any = Client(
        server_url, api_pb2.CLIENT_TYPE_CLIENT, (credentials.token_id, credentials.token_secret)
    )
    await client.__aenter__()
    return client  # type: ignore[no-any-return]
