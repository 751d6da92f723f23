"""Taking secrets, escapes and redrawn states out of a line before it is stored."""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings

from deployments.models import Account

from .replaced import replaced

# Longer lines are cut; so is what is looked at, so that one line cannot hold up a reader.
LINE_LIMIT = 8000
_LOOKED_AT = 64_000
HIDDEN = "***"

# Escapes of a terminal (colours, cursor, titles, links), then every other control character but the tab and
# the carriage return, then characters that are not seen or that turn the direction of what is.
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[P^_X][^\x1b]*(?:\x1b\\)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?"
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)

_TOKENS = r"(?:hf_|hugging_?face_(?:hub_)?|access_|auth_|api_|refresh_|id_|github_|session_)?token"
_NAME = rf"(?:[\w-]*(?:api[_-]?key|secret|passw(?:or)?d|credentials)|{_TOKENS}|token_(?:id|secret))"
_SIGNED = r"(?:x-amz-(?:signature|credential|security-token)|signature|sig|policy|key-pair-id|key)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<keep>(?i:\bbearer)\s+)\S+",
        r"(?P<keep>(?i:\bbasic)\s+)(?=\S*[A-Z0-9=])[A-Za-z0-9+/_-]{12,}={0,2}",
        r"(?P<keep>(?i:\b(?:proxy-)?authorization)['\"]?\s*[:=]\s*['\"]?(?:(?i:bearer|basic|token)\s+)?)"
        r"(?!\*)[^\s'\",]+",
        r"(?P<keep>(?i:\b(?:set-)?cookie)['\"]?\s*:\s*['\"]?)[^'\"]+",
        r"(?P<keep>(?i:modal-(?:key|secret)|x-api-key)['\"]?\s*[:=]\s*['\"]?)[^\s'\",]+",
        rf"(?P<keep>(?<![\w-])(?i:{_NAME})\\?['\"]?\s*[:=]\s*(?:b|\[)?\\?['\"])[^'\"\\]+",
        r"(?P<keep>(?<![\w-])(?i:[\w-]*api[_-]?key|[\w-]*passw(?:or)?d)\s*[:=]\s*)[^\s'\",;]+",
        r"(?P<keep>(?i:--(?:api[-_]key|(?:hf[-_])?token|[\w-]{0,40}(?:secret|password)))(?:\s*=\s*|\s+)['\"]?)"
        r"[^\s'\"]+",
        r"(?P<keep>\b[A-Z0-9_]*(?:_SECRET|_KEY|_TOKEN|_PASSWORD|_CREDENTIALS)['\"]?\s?[=:]\s?['\"]?)[^\s'\"]+",
        rf"(?P<keep>[?&](?i:{_NAME}|{_SIGNED})=)[^&\s'\"<>]+",
        r"(?P<keep>://[^/\s:@]*:)[^/\s]+(?=@)",
        r"(?P<keep>://)[^/\s:@]{8,}(?=@)",
        r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----).+",
        r"(?P<keep>^)(?=\S*[G-Zg-z+/])[A-Za-z0-9+/]{64}$",  # a line of such a key
        r"(?P<keep>)\b(?:hf_[A-Za-z0-9]{16,}|pl_[A-Za-z0-9_-]{16,}|[aw][ks]-[A-Za-z0-9]{16,}"
        r"|sk-[A-Za-z0-9_-]{16,}"
        r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abpors]-[\w-]{10,}|AKIA[0-9A-Z]{16}"
        r"|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)",
    )
)
# Without one of these no pattern matches: most lines are through after one look. (A search for each of these
# is ten times faster than one for all of them in one pattern.)
_HINTS = (
    "bearer", "basic ", "authori", "cookie", "modal-", "secret", "passw", "credential", "private", "token=",
    "token:", "token'", 'token"', "token ", "token_", "token\\", "key=", "key:", "key'", 'key"', "key ",
    "key-", "key_", "key\\", "sig=", "signature=", "x-amz", "policy=", "hf_", "pl_", "ak-", "as-", "wk-",
    "ws-", "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_", "glpat", "xox", "akia", "aiza", "eyj",
)  # fmt: skip


def plain(text: str) -> str:
    """`text` without escapes and without control or invisible characters; tabs and carriage returns stay."""
    text = text[:_LOOKED_AT]
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _ESCAPES.sub("", text))


def redact(text: str, known: Iterable[str]) -> str:
    """`text`, plain, with every known secret, and whatever looks like one, replaced by `***`."""
    text = plain(text)  # before the search: a secret with an escape inside would not be found
    for form in _forms_of(tuple(known)):
        if form in text:
            text = text.replace(form, HIDDEN)
    if _suspicious(text):
        for pattern in _PATTERNS:
            text = pattern.sub(_hide, text)
    return text


def _suspicious(text: str) -> bool:
    low = text.lower()
    return any(hint in low for hint in _HINTS) or ("://" in low and "@" in low) or len(low.strip()) == 64


def _hide(match: re.Match[str]) -> str:
    return f"{match['keep']}{HIDDEN}"


@lru_cache(maxsize=64)
def _forms_of(known: tuple[str, ...]) -> tuple[str, ...]:
    """All known secrets, also as a URL or base64 would carry them, the longest first."""
    forms = {form for secret in known if secret for form in _forms(secret)}
    return tuple(sorted(forms, key=len, reverse=True))


def _forms(secret: str) -> tuple[str, ...]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return (secret, quote(secret, safe=""), encoded) if len(secret) >= 8 else (secret,)


def last_state(text: str) -> str:
    """One storable line: the last state of a progress bar, of bounded length."""
    return text.rstrip("\r\n").rpartition("\r")[2][:LINE_LIMIT]


def storable(text: str, known: Iterable[str]) -> str:
    """`text` as it may be kept: one line without secrets."""
    return last_state(redact(text, known))


def known_secrets(account: Account) -> tuple[str, ...]:
    """Every secret of the account, those that were replaced lately, and the panel's own."""
    own = (account.engine_key, account.proxy_token_secret, account.token_secret, account.huggingface_token)
    return tuple(value for value in (*own, *replaced(account), *_of_the_panel()) if value)


def _of_the_panel() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.FIELD_ENCRYPTION_KEYS, settings.DEADMAN_URL)
