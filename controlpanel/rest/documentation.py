"""The OpenAPI document, and the page that shows it."""

import json
from functools import lru_cache
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from deployments.public import Refused

from .api import api
from .callers import admitted
from .once import HEADER
from .problems import STATUSES, Problem, refusal

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_IDEMPOTENCY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same request with the same key gets the same answer for a day and is done once.",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document, with every error and the idempotency key written out."""
    made: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    made["components"]["schemas"]["Problem"] = Problem.json_schema()
    for operations in made["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
    return made


def _complete(method: str, operation: dict[str, Any]) -> None:
    for status, words in STATUSES.items():
        operation["responses"][str(status)] = {
            "description": words,
            "content": {"application/json": {"schema": _PROBLEM}},
        }
    if method == "post":
        operation["parameters"].append(_IDEMPOTENCY)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """`/api/v1/openapi.json`."""
    try:
        admitted(request)
    except Refused as refused:
        return refusal(refused)
    return JsonResponse(document())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs`: the document, to read and to try with one's session."""
    if getattr(request, "actor", None) is None:
        return redirect_to_login(request.get_full_path())
    settings = {"url": reverse("openapi"), "layout": "BaseLayout", "deepLinking": True}
    context = {"api": api, "add_csrf": True, "swagger_settings": json.dumps(settings)}
    return render(request, "ninja/swagger.html", context)
