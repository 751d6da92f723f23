"""The panel's own gateway, by its public API."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import openai
from django.conf import settings

from chat.threads import in_thread
from deployments.public import Scope
from gateway.public import NO_WAKE, issue_token

from .question import Question
from .transport import AiohttpTransport

_TOKEN_S = 3600
_RENEW_BEFORE_S = 600
_SCOPES = frozenset({Scope.READ, Scope.CHAT, Scope.WAKE})
PURPOSE = "Playground"
# A held stream is kept alive by comments; an engine with a long queue says nothing for minutes.
_TIMEOUT = openai.Timeout(connect=5.0, read=900.0, write=60.0, pool=60.0)


@dataclass(slots=True)
class _Token:
    secret: str
    renew_at: float


class Tokens:
    """A short-lived token for each person; made anew well before it ends."""

    def __init__(self) -> None:
        self._tokens: dict[int, _Token] = {}
        self._making: dict[int, asyncio.Lock] = {}

    async def of(self, user_id: int) -> str:
        """A token that is good for some minutes at least. Raises KeyRefused where the person may not chat."""
        async with self._making.setdefault(user_id, asyncio.Lock()):
            token = self._tokens.get(user_id)
            if token is None or time.monotonic() > token.renew_at:
                token = await self._make(user_id)
            return token.secret

    async def _make(self, user_id: int) -> _Token:
        self._drop_old()
        until = time.monotonic() + _TOKEN_S - _RENEW_BEFORE_S
        secret = await in_thread(issue_token, user_id, purpose=PURPOSE, lifetime_s=_TOKEN_S, scopes=_SCOPES)
        self._tokens[user_id] = _Token(secret, until)
        return self._tokens[user_id]

    def forget(self, user_id: int) -> None:
        """The gateway no longer takes it."""
        self._tokens.pop(user_id, None)

    def _drop_old(self) -> None:
        now = time.monotonic()
        self._tokens = {user: token for user, token in self._tokens.items() if token.renew_at > now}
        self._making = {user: lock for user, lock in self._making.items() if lock.locked()}


class Gateway:
    """Streams of chat completions. For one event loop."""

    def __init__(self, base_url: str = "") -> None:
        self._client = openai.AsyncOpenAI(
            base_url=base_url or settings.PANEL_GATEWAY_URL,
            api_key="per-person",
            max_retries=0,
            timeout=_TIMEOUT,
            http_client=openai.DefaultAsyncHttpxClient(transport=AiohttpTransport()),
        )
        self.tokens = Tokens()

    @asynccontextmanager
    async def stream(self, question: Question) -> AsyncIterator[openai.AsyncStream[object]]:
        """The chunks of one answer as plain JSON; leaving the block ends the generation at the engine.

        The chunks are not made into the package's models: that costs several times what reading them does
        (bench/chat). Raises openai's errors, and those of the connection in the middle of a stream.
        """
        client = self._client.with_options(api_key=await self.tokens.of(question.owner_id))
        answer = await client.post(
            "/chat/completions",
            body=question.body,
            options={} if question.may_wake else {"headers": {NO_WAKE: "no"}},
            cast_to=object,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        async with answer:
            yield answer

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()
