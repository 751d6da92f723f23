"""The decorator of every operation that has a POST carried out once for a key."""

import asyncio
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from .callers import caller_of
from .problems import answer, problem
from .repeats import Claim, claim, settle

HEADER = "Idempotency-Key"
# How long the second of two at once waits for the answer of the first.
WAIT_S = 3.0
LOOK_S = 0.1

log = structlog.get_logger(__name__)

Run = Callable[..., Any]


def once(run: Run) -> Run:
    """`run`, which is carried out once for the same owner, key and request."""

    @wraps(run)
    def sync_run(request: HttpRequest, **path: Any) -> Any:
        if not _repeatable(request):
            return run(request, **path)
        for _ in _looks():
            begun = _begin(request)
            if begun is not None:
                break
            time.sleep(LOOK_S)
        return _end(begun, run(request, **path)) if isinstance(begun, Claim) else begun or _busy()

    @wraps(run)
    async def async_run(request: HttpRequest, **path: Any) -> Any:
        if not _repeatable(request):
            return await run(request, **path)
        for _ in _looks():
            begun = await sync_to_async(_begin)(request)
            if begun is not None:
                break
            await asyncio.sleep(LOOK_S)
        if not isinstance(begun, Claim):
            return begun or _busy()
        return await sync_to_async(_end)(begun, await run(request, **path))

    return async_run if iscoroutinefunction(run) else sync_run


def _repeatable(request: HttpRequest) -> bool:
    return request.method == "POST" and HEADER in request.headers


def _looks() -> range:
    return range(max(1, round(WAIT_S / LOOK_S)))


def _begin(request: HttpRequest) -> Claim | HttpResponse | None:
    try:
        return claim(request, caller_of(request), request.headers[HEADER])
    except Exception as error:  # the edge of the operation: it is answered as if the operation had met it
        return answer(request, error)


def _end(mine: Claim, response: HttpResponse) -> HttpResponse:
    try:
        settle(mine, response)
    except DatabaseError as error:  # it was done, and its caller has to hear so
        log.error("rest.answer_not_kept", error=type(error).__name__)
    return response


def _busy() -> HttpResponse:
    words = "The same request is being carried out. Ask again in a moment."
    response = problem("in_progress", words, status=409)
    response["Retry-After"] = "1"
    return response
