"""Reading an expiry as people write it."""

import re
from datetime import UTC, datetime, timedelta

from .key_errors import KeyRefused

_DURATION = re.compile(r"(\d{1,5})([hdw])")
_UNIT = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_expiry(text: str | None, *, now: datetime) -> datetime | None:
    """The time that `text` names: `90d`, `12h`, `4w`, a day, or a time; UTC where it names no zone.

    None for None. KeyRefused 422 names the field `expires_at` where it cannot be read.
    """
    if text is None:
        return None
    duration = _DURATION.fullmatch(text.strip())
    try:
        at = now + int(duration[1]) * _UNIT[duration[2]] if duration else datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        message = "Write the expiry as 2027-01-01, 2027-01-01T12:00:00Z, 90d or 12h."
        raise KeyRefused("invalid", message, status=422, fields={"expires_at": message}) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
