"""Takes secrets out of what is logged."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(
    r"secret|password|passwd|authorization|api[-_]?key|cookie|csrf|credential|private[-_]?key|encryption[-_]?key"
    r"|(?:^|[-_])token(?:$|[-_](?:id|value)$)",
    re.IGNORECASE,
)
# Keys of the panel and of engines, Modal token secrets, Hugging Face tokens, bearer headers, passwords in
# URLs, one-time links, and NAME=value where the name says that it is secret.
_SECRET_TEXT = re.compile(
    r"\bpl_[A-Za-z0-9_-]{6,}|\bsk-[A-Za-z0-9_-]{16,}|\b(?:as|ws|ak|wk)-[A-Za-z0-9]{16,}|\bhf_[A-Za-z0-9]{16,}"
    r"|(?<=[Bb]earer )\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?<=/accounts/link/)[^/\s?]+"
    r"|(?<=Modal-Secret[:=])\s*\S+|(?<=Modal-Key[:=])\s*\S+"
    r"|(?<=_SECRET=)\S+|(?<=_KEY=)\S+|(?<=_TOKEN=)\S+|(?<=_PASSWORD=)\S+"
)


def redact_text(text: str) -> str:
    """`text` with everything that looks like a secret replaced."""
    return _SECRET_TEXT.sub(HIDDEN, text)


def redact(value: Any, name: str = "") -> Any:
    """`value` without secrets, however deep; a value under a secret's name goes whole."""
    if isinstance(value, str):
        return HIDDEN if value and _SECRET_NAME.search(name) else redact_text(value)
    if isinstance(value, bytes):
        return redact(value.decode(errors="replace"), name)
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, name) for item in value]
    return value


def redact_event(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The structlog processor that takes secrets out of a whole event."""
    return {key: redact(item, key) for key, item in event.items()}
