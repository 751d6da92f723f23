"""What an error means for a reply. Pure."""

from collections.abc import Mapping
from typing import Any

import openai

from chat.models import Status

from .chunks import writable
from .ending import Ending
from .words import BROKE_OFF, CANNOT_REACH

# Codes of the panel under which asking again soon is right: the server is on its way, or the panel itself is.
# `stopping` is none of them: somebody put the server out, and asking again would light it against their will.
_SOON = frozenset({"waking", "panel_stopping", "unavailable"})


def ending_of(error: Exception, *, received: bool) -> Ending:
    """What to make of an error, with (`received`) or without a part of the reply."""
    code, words = _told(error)
    if received:
        return Ending(Status.INTERRUPTED, code or "broke_off", words or BROKE_OFF)
    if isinstance(error, openai.AuthenticationError) or code == "invalid_key":  # within a stream, too
        return Ending(Status.FAILED, code or "invalid_key", words or CANNOT_REACH, again=True, renew=True)
    if code in _SOON or not isinstance(error, openai.APIError):
        return Ending(Status.FAILED, code or "unreachable", words or CANNOT_REACH, again=True)
    if isinstance(error, openai.APIConnectionError):
        return Ending(Status.FAILED, "unreachable", CANNOT_REACH, again=True)
    if isinstance(error, openai.InternalServerError) and not code:  # a proxy's page, not the panel's words
        return Ending(Status.FAILED, "unreachable", CANNOT_REACH, again=True)
    return Ending(Status.FAILED, code or "error", words or str(error))


def _told(error: Exception) -> tuple[str, str]:
    """Code and words of whoever spoke, panel or engine; empty where nobody did."""
    body = error.body if isinstance(error, openai.APIError) else None
    if not isinstance(body, Mapping):
        return "", ""
    inner: Mapping[str, Any] = body["error"] if isinstance(body.get("error"), Mapping) else body
    words = inner.get("message")
    code = inner.get("code")
    if isinstance(code, int):
        code = f"engine_{code}"
    return writable(str(code or inner.get("type") or ""))[:60], writable(str(words or "").strip())
