"""Ids as Modal writes them: two letters for the kind, a dash, and letters that nobody guesses."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 22


def fresh(prefix: str) -> str:
    """A new random id, such as `ta-4fJ...`."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def of_content(prefix: str, content: bytes) -> str:
    """The id of `content`: equal content has an equal id, so that a redeploy sees that nothing changed."""
    return f"{prefix}-{hashlib.sha256(content).hexdigest()[:_LENGTH]}"
