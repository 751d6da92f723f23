"""How a reply ends, and what an error means for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

from chat.models import Status

from .chunks import writable

CANNOT_REACH = "The panel’s gateway cannot be reached. Try again; if it stays so, see /readyz."
BROKE_OFF = "The connection to the model broke off. Continue goes on from here."
RESTARTED = "The panel was restarted while this was written. Continue goes on from here."
TOO_LATE = "Not written in time: no generator took it within 10 minutes. Send it again."
TOO_LATE_TO_GO_ON = "No generator took it up again within 10 minutes."
UNWRITABLE = "What the model answered could not be kept. The log of the generator says why."
DIED = "The process that wrote this died. Continue goes on from here."
# Codes of the panel under which asking again soon is right: the server is on its way, or the panel itself is.
# `stopping` is none of them: somebody put the server out, and asking again would light it against their will.
_SOON = frozenset({"waking", "panel_stopping", "unavailable"})


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended. `again`: nothing was received and asking again may help."""

    status: Status
    code: str = ""
    text: str = ""
    again: bool = False
    renew: bool = False


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
