"""The two things the door has to know of a body: which model, and whether the answer streams."""

import json
from dataclasses import dataclass
from typing import Any

from .problems import Problem

# Text of 32 MiB has far fewer; a body made of nothing but separators would take gigabytes when parsed.
_MOST_SEPARATORS = 4_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """A body that could be read."""

    body: bytes
    model: str
    stream: bool

    def body_for(self, served_model: str) -> bytes:
        """The bytes to forward: as they came, unless the model was called by another name.

        They are then read again: what is held for minutes must not hold its values beside its bytes, which
        take several times their place.
        """
        if self.model == served_model:
            return self.body
        fields = json.loads(self.body)
        return json.dumps({**fields, "model": served_model}, separators=(",", ":")).encode()


def read_question(body: bytes) -> Question:
    """The question in `body`; Problem 400 names the place at fault, 413 a body of too many parts."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MOST_SEPARATORS:
        raise Problem(413, "body_too_large", "The body has too many values. Send less in one request.")
    fields = _parsed(body)
    if not isinstance(fields, dict):
        raise _bad("The body has to be a JSON object.", None)
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise _bad("Name the model, as a string in the field `model`. GET /v1/models lists them.", "model")
    return Question(body, model, fields.get("stream") is True)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _bad(f"The body is no valid JSON: {error.msg} at {place}.", None) from error
    except UnicodeDecodeError as error:
        raise _bad(f"The body is not UTF-8 at byte {error.start}.", None) from error
    except RecursionError as error:
        raise _bad("The body is nested too deeply.", None) from error
    except ValueError as error:  # an integer of thousands of digits
        raise _bad("The body has a number that is too long.", None) from error


def _bad(message: str, param: str | None) -> Problem:
    return Problem(400, "invalid_body", message, param=param)
