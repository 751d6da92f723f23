"""WhiteNoise without its thread for every request and without streaming small files in pieces."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serves the files that Django's finders know; everything else goes on untouched."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._asks_async = iscoroutinefunction(get_response)
        if self._asks_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """The file's response, or what the rest of the stack answers (a coroutine under ASGI)."""
        path = request.path_info
        found = self.find_file(path) if self.autorefresh else self.files.get(path)
        if found is None:
            return self.get_response(request)
        return asyncio.to_thread(_whole, found, request) if self._asks_async else _whole(found, request)


def _whole(found: Any, request: HttpRequest) -> HttpResponse:
    """The response with its body read: the largest file here has some hundred kilobytes."""
    answer = found.get_response(request.method, request.META)
    with answer.file or BytesIO() as file:
        response = HttpResponse(file.read(), status=int(answer.status))
    del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response
