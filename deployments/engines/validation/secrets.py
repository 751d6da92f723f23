"""Texts that look like a secret. What they hold is never repeated."""

import re

# The beginnings that their issuers give to tokens: Hugging Face, OpenAI and Anthropic, GitHub, AWS, Modal,
# Slack; and a private key.
_VALUE = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}|\bsk-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\b[aw][ks]-[A-Za-z0-9]{16,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_NAME = re.compile(r"(?i)(^|_)(api_?key|key|token|secret|password|passwd|credentials?)$")


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_NAME.search(name))


def is_secret_value(text: str) -> bool:
    """Whether a text holds what looks like somebody's token."""
    return bool(_VALUE.search(text))


def shown(text: str) -> str:
    """A value for a message: left out where it may be a secret, cut where it is long."""
    if is_secret_value(text):
        return "this value"
    return repr(text if len(text) <= 60 else text[:57] + "...")
