"""The addresses under `/api/v1/`. What is not there is said in JSON, too."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from . import documentation
from .api import api
from .problems import problem

View = Callable[..., Any]


def answered(view: View) -> View:
    """`view`, whose refusal of a method is JSON and whose answers no cache keeps."""

    @wraps(view)
    def sync_view(request: HttpRequest, *args: Any, **path: Any) -> HttpResponseBase:
        return _finished(request, view(request, *args, **path))

    @wraps(view)
    async def async_view(request: HttpRequest, *args: Any, **path: Any) -> HttpResponseBase:
        return _finished(request, await view(request, *args, **path))

    return async_view if iscoroutinefunction(view) else sync_view


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code == 405:
        allowed = ", ".join(sorted(response["Allow"].split(", ")))
        words = f"{request.method} does nothing here; use {allowed}."
        response = problem("method_not_allowed", words, status=405)
        response["Allow"] = allowed
    response.setdefault("Cache-Control", "no-store")
    return response


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """404 for every address that is not one."""
    words = f"There is no {request.path} here. Addresses end without a slash; /api/v1/docs lists them."
    return problem("not_found", words, status=404)


operations = [
    URLPattern(found.pattern, answered(found.callback), found.default_args, found.name)
    for found in api.urls[0]
    if isinstance(found, URLPattern)
]

urlpatterns = [
    path("api/v1/openapi.json", answered(documentation.openapi), name="openapi"),
    path("api/v1/docs", documentation.docs, name="api_docs"),
    path("api/v1/", unknown),
    path("api/v1/", (operations, *api.urls[1:])),
    re_path(r"^api/v1(?=/|$)", unknown),
]
