"""Texts that look like a secret. What they hold is never repeated."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# The beginnings that their issuers give to tokens: Hugging Face, OpenAI and Anthropic, GitHub, AWS, Modal,
# Slack, GitLab, NVIDIA, Google; a private key; and a password in an address.
_VALUE = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}|\bsk-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\b[aw][ks]-[A-Za-z0-9]{16,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}|\bnvapi-[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|(?<=://)[^/\s:@$]*:(?!\$)[^/\s@]+(?=@)"
)
_NAME = re.compile(
    r"(?i)(((^|_)(key|token|secret|pass|pwd|credentials?))|api_?key|passwd|password|passphrase)$"
)
# A variable given its value in a step of the image. One that is read from elsewhere (`$`) is no secret here.
_ASSIGNED = re.compile(r"""(?<![\w$-])([A-Za-z_]\w*)=["']?(?![$"'\s])\S""")

HIDDEN = "•••"


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_NAME.search(name))


def is_secret_value(text: str) -> bool:
    """Whether a text holds what looks like somebody's token."""
    return bool(_VALUE.search(text))


def is_secret_step(text: str) -> bool:
    """Whether a step of an image holds a token, or gives a variable with a secret's name its value."""
    return is_secret_value(text) or any(is_secret_name(found[1]) for found in _ASSIGNED.finditer(text))


def shown(text: str) -> str:
    """A value for a message: left out where it may be a secret, cut where it is long."""
    if is_secret_value(text):
        return "this value"
    return repr(text if len(text) <= 60 else text[:57] + "...")


def plain_secrets(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a configuration holds what looks like a secret: the setting, and what to call the place."""
    image = config.get("image") or {}
    for field, pairs in (
        ("environment", config.get("environment")),
        ("image.environment", image.get("environment")),
    ):
        for name, value in (pairs or {}).items():
            if is_secret_name(name) or is_secret_value(str(value)):
                yield field, f"The value of {name}"
    if any(is_secret_value(str(flag)) for flag in config.get("extra_flags") or ()):
        yield "extra_flags", "The value of a flag"
    if any(is_secret_step(str(step)) for key in ("setup_commands", "pip") for step in image.get(key) or ()):
        yield "image", "A step of the image"


def masked(value: Any) -> Any:
    """The same JSON value with dots for whatever looks like a secret, for those who may only read."""
    if isinstance(value, str):
        return _VALUE.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if isinstance(inner, str) and inner and is_secret_name(key) else masked(inner)
            for key, inner in value.items()
        }
    return [masked(inner) for inner in value] if isinstance(value, (list, tuple)) else value
