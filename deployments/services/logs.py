"""Taking lines in, without doubles and without secrets, and reading them back."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from deployments.models import Account, Deployment, LogLine, LogSource, Run
from deployments.providers.base import LogEntry

from .replaced import replaced

# Longer lines are cut: a progress bar redrawn a thousand times is one line.
LINE_LIMIT = 8000
_PATTERNS = (
    re.compile(r"(?P<keep>(?i:bearer)\s+)\S+"),
    re.compile(r"(?P<keep>'api_key': \[?')[^']+"),
    re.compile(r"(?P<keep>--api-key[ =])\S+"),
    re.compile(
        r"(?P<keep>)\b(?:hf_[A-Za-z0-9]{20,}|pl_[A-Za-z0-9_-]{16,}|[aw][ks]-[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,})"
    ),
    re.compile(r"(?P<keep>(?i:modal-(?:key|secret)|x-api-key)['\"]?\s*[:=]\s*['\"]?)[^\s'\",]+"),
    re.compile(r"(?P<keep>\b[A-Z0-9_]*(?:_SECRET|_KEY|_TOKEN|_PASSWORD)=)\S+"),
    re.compile(r"(?P<keep>://)[^/\s:@]*:[^/\s@]+(?=@)"),
)


def redact(text: str, known: Iterable[str]) -> str:
    """`text` with every known secret, and whatever looks like one, replaced by `***`."""
    text = text.replace("\x00", "")  # before the search: a secret with one inside would not be found
    for secret in known:
        if secret:
            text = text.replace(secret, "***")
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: f"{match['keep']}***", text)
    return text


def known_secrets(account: Account) -> tuple[str, ...]:
    """Every secret of the account, and those that were replaced lately; the longest first."""
    values = (account.engine_key, account.proxy_token_secret, account.token_secret, account.huggingface_token)
    return tuple(sorted((value for value in (*values, *replaced(account)) if value), key=len, reverse=True))


def fingerprint(*parts: str) -> str:
    """The identity of a line: the same line read again has the same."""
    return hashlib.sha1("\x00".join(parts).encode(), usedforsecurity=False).hexdigest()


def take_in(
    deployment: Deployment, entries: Sequence[LogEntry], runs: dict[str, Run]
) -> list[tuple[LogEntry, Run | None]]:
    """Store the entries that are new and give them back, in time order, with their run.

    `runs` maps container ids to runs. Call it under the account's claim: one reader at a time.
    """
    known = known_secrets(deployment.account)
    prints = {fingerprint(e.container_id, e.at.isoformat(), e.text): e for e in entries if e.text.strip()}
    have = set(
        LogLine.objects.filter(deployment=deployment, fingerprint__in=list(prints)).values_list(
            "fingerprint", flat=True
        )
    )
    new = sorted(((mark, e) for mark, e in prints.items() if mark not in have), key=lambda pair: pair[1].at)
    rows = [_row(deployment, mark, e, runs.get(e.container_id), known) for mark, e in new]
    LogLine.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return [(e, runs.get(e.container_id)) for _, e in new]


def _row(
    deployment: Deployment, mark: str, entry: LogEntry, run: Run | None, known: tuple[str, ...]
) -> LogLine:
    return LogLine(
        deployment=deployment,
        run=run,
        release_id=deployment.live_release_id,
        at=entry.at,
        source=LogSource.CONTAINER,
        text=clean(redact(entry.text, known)),
        fingerprint=mark,
    )


def clean(text: str) -> str:
    """One storable line: no NUL (PostgreSQL refuses it), the last state of a progress bar, bounded length."""
    last = text.rstrip("\r\n").replace("\x00", "").rpartition("\r")[2]
    return last[:LINE_LIMIT]


def keep_own(
    deployment: Deployment, text: str, *, at: datetime, source: LogSource, release_id: int | None, key: str
) -> None:
    """Store a line of a build or of the panel itself; `key` tells apart lines that say the same."""
    if not text.strip():
        return
    line = clean(redact(text, known_secrets(deployment.account)))
    LogLine.objects.bulk_create(
        [
            LogLine(
                deployment=deployment,
                release_id=release_id,
                at=at,
                source=source,
                text=line,
                fingerprint=fingerprint(source, key, line),
            )
        ],
        ignore_conflicts=True,
    )


def lines(
    deployment: Deployment,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: int | None = None,
    contains: str = "",
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = 500,
) -> list[LogLine]:
    """Stored lines in the order they were taken in. Without `after_id` the newest `limit` of them."""
    rows = LogLine.objects.filter(deployment=deployment)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    if contains:
        rows = rows.filter(text__icontains=contains)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    if after_id is not None:
        return list(rows.filter(id__gt=after_id).order_by("id")[:limit])
    return list(rows.order_by("-id")[:limit])[::-1]
