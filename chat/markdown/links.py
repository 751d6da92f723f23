"""Which addresses a reply may link to, and how a link says where it goes."""

import re
from urllib.parse import urlsplit

_SCHEMES = ("http", "https", "mailto")
_UNSAFE = re.compile(r"[\s\x00-\x20\x7f-\x9f\\<>\"'`]")


def allowed(address: str) -> bool:
    """True for an absolute http, https or mailto address; relative ones would point into the panel."""
    if _UNSAFE.search(address) or len(address) > 4000:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in _SCHEMES:
        return False
    if parts.scheme == "mailto":
        return "@" in parts.path
    return bool(host) and parts.username is None and address[len(parts.scheme) :].startswith("://")


def host_of(address: str) -> str:
    """The host that a browser would ask; for mailto the receiver's address."""
    parts = urlsplit(address)
    return parts.path if parts.scheme == "mailto" else parts.netloc


def says_where(text: str, address: str) -> bool:
    """True where the text of a link already begins with the host that it goes to."""
    host = re.escape(host_of(address))
    return re.match(rf"(?:https?://|mailto:)?{host}(?:[/?#]|$)", text.strip(), re.IGNORECASE) is not None
