"""Fragments that poll: an unchanged one answers 204, so that nothing is repainted or read aloud again."""

import hashlib
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from deployments.planning.lifecycle import BURNING
from deployments.services.views import StatusView

STAMP = "@@fingerprint@@"
_CSRF = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')

MOVING_S, LIT_S, QUIET_S = 2, 5, 20


def stamped(html: str) -> SafeString:
    """The fragment with its fingerprint in place of STAMP; form tokens, always new, do not count."""
    mark = hashlib.sha256(_CSRF.sub(r"\1", html).encode()).hexdigest()[:16]
    return mark_safe(html.replace(STAMP, mark))  # noqa: S308  # rendered by a template, which escaped it


def answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The fragment, or 204 where the page has it already (header Panel-Have)."""
    html = stamped(render_to_string(template, context, request))
    if f'data-fp="{request.headers.get("Panel-Have", "-")}"' in html:
        return HttpResponse(status=204)
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


def poll_s(statuses: list[StatusView]) -> int:
    """Seconds between polls: quick while something moves, slower while lit, slowest while nothing burns."""
    if any(status.moving for status in statuses):
        return MOVING_S
    return LIT_S if any(status.state in BURNING for status in statuses) else QUIET_S
