"""A form that makes a secret works once: a reload sends it again and must not make a second one."""

import secrets

from django.http import HttpRequest

_SESSION = "forms_sent"
_KEPT = 20


def token() -> str:
    """The mark of a new form, for its hidden field `form_token`."""
    return secrets.token_urlsafe(9)


def used(request: HttpRequest) -> bool:
    """True where this very form has made something already."""
    return request.POST.get("form_token", "") in request.session.get(_SESSION, [])


def note(request: HttpRequest) -> None:
    """Remember the form as sent; the last twenty of a session are."""
    sent = request.POST.get("form_token", "")
    if sent:
        request.session[_SESSION] = [*request.session.get(_SESSION, []), sent[:40]][-_KEPT:]
