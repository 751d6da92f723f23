"""Which lines a page of the log is asked for, from its address and back into one."""

from datetime import datetime

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from deployments.models import LogSource
from deployments.services.logs import AT_LEAST, Asked

_LEVELS = {level.value: shown for level, shown in AT_LEAST.items()}


def asked_of(request: HttpRequest) -> Asked:
    """What is asked for; words that mean nothing ask for nothing."""
    get = request.GET.get
    source = get("source", "")
    return Asked(
        run_id=whole(get("run", "")),
        release=whole(get("release", "")),
        levels=_LEVELS.get(get("level", ""), ()),
        sources=(LogSource(source),) if source in LogSource.values else (),
        contains=get("contains", "").replace("\x00", "").strip()[:200],
        since=_instant(get("since", "")),
        until=_instant(get("until", "")),
    )


def query_of(asked: Asked) -> str:
    """The same as the query of an address, without what is not asked for."""
    values = {
        "run": asked.run_id,
        "release": asked.release,
        "level": level_of(asked),
        "source": asked.sources[0].value if asked.sources else "",
        "contains": asked.contains,
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
    }
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in values.items() if value})
    return query.urlencode()


def level_of(asked: Asked) -> str:
    """W, E or nothing: the least level that is shown."""
    return next((name for name, levels in _LEVELS.items() if levels == asked.levels), "")


def whole(text: str) -> int | None:
    """The id that a text is; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _instant(text: str) -> datetime | None:
    """An instant in ISO 8601; one without a zone is the reader's own time."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not escaped
        return at if at.tzinfo is not None else timezone.make_aware(at)
    except (ValueError, OverflowError):
        return None
