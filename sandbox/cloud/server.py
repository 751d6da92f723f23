"""The gRPC server: every call is checked for the token, counted, and may be made to fail."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpclib.const
import grpclib.server
from google.protobuf.message import Message
from grpclib import GRPCError, Status
from modal_proto import api_grpc

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import (
    CloudError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)

log = logging.getLogger(__name__)

Handler = Callable[[Any], "Awaitable[Message] | AsyncIterator[Message]"]


# What the code in a container may call with the token of its container.
_FOR_CONTAINERS = frozenset(
    {
        "ClientHello",
        "EnvironmentGetOrCreate",
        "VolumeGetOrCreate",
        "VolumeCommit",
        "VolumeReload",
        "VolumeListFiles2",
    }
)


def _same(given: tuple[str, str], known: tuple[str, str]) -> bool:
    """Whether two tokens are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest("\n".join(given).encode(), "\n".join(known).encode())


class ModalService:
    """All of Modal's calls; those that no group of handlers speaks answer UNIMPLEMENTED."""

    def __init__(self, cloud: Cloud, token: tuple[str, str], groups: list[object]) -> None:
        """`token` is the id and secret that every call has to carry."""
        self._cloud, self._token, self._groups = cloud, token, groups

    def __mapping__(self) -> Mapping[str, grpclib.const.Handler]:
        """Path of each call to its handler, as grpclib asks for it."""

        class Skeleton(api_grpc.ModalClientBase):
            """Only read for its table of calls."""

        Skeleton.__abstractmethods__ = frozenset()
        table = Skeleton().__mapping__()  # type: ignore[abstract]
        return {
            path: handler._replace(func=self._wrapped(path.rsplit("/", 1)[1]))
            for path, handler in table.items()
        }

    def _wrapped(self, rpc: str) -> Callable[[Any], Awaitable[None]]:
        handler = next((getattr(group, rpc) for group in self._groups if hasattr(group, rpc)), None)

        async def serve(stream: Any) -> None:
            request = await stream.recv_message()
            at, status = self._cloud.now(), "OK"
            try:
                await self._answer(rpc, handler, request, stream)
            except CloudError as error:
                status = error.status
                raise GRPCError(Status[error.status], str(error)) from error
            except asyncio.CancelledError:
                status = "CANCELLED"
                raise
            except Exception as error:
                status = "INTERNAL"
                log.exception("%s failed", rpc)
                raise GRPCError(Status.INTERNAL, f"{rpc} failed in the sandbox: {error!r}") from error
            finally:
                self._cloud.calls.add(rpc, request, at=at, status=status)

        return serve

    async def _answer(self, rpc: str, handler: Handler | None, request: Message, stream: Any) -> None:
        self._check_token(stream.metadata, rpc)
        await self._misbehave(rpc)
        if handler is None:
            raise UnimplementedError(f"the sandbox does not speak {rpc}")
        result = handler(request)
        if isinstance(result, AsyncIterator):
            async for message in result:
                await stream.send_message(message)
        else:
            await stream.send_message(await result)

    def _check_token(self, metadata: Mapping[str, str], rpc: str) -> None:
        given = metadata.get("x-modal-token-id", ""), metadata.get("x-modal-token-secret", "")
        container = given[0], self._cloud.container_tokens.get(given[0], "")
        if rpc in _FOR_CONTAINERS and container[1] and _same(given, container):
            return
        if not _same(given, self._token) or self._cloud.faults.strike("token_refused"):
            raise UnauthenticatedError("Token validation failed. Could not authenticate client")

    async def _misbehave(self, rpc: str) -> None:
        faults = self._cloud.faults
        slow = faults.strike_rpc("rpc_slow", rpc)
        if slow is not None:
            await asyncio.sleep(slow.options["seconds"])
        if faults.strike_rpc("rpc_throttled", rpc):
            raise ThrottledError("Rate limit exceeded")
        if faults.strike_rpc("rpc_unavailable", rpc):
            raise UnavailableError("The control plane is not available")
