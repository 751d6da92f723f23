"""Cursors: the id of the last row of a page, as text."""

from collections.abc import Sequence
from typing import Any

from deployments.services.errors import bad_field


def position(cursor: str | None) -> int | None:
    """The id that a cursor names; None for the first page. Refused 422 where it is no cursor."""
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise bad_field("cursor", "Use the value of `next` of the page before.")
    return int(cursor)


def page(rows: Sequence[Any], limit: int, *, key: str = "id") -> dict[str, Any]:
    """The first `limit` of `rows`, of which one more was asked for, and the cursor of the rest."""
    more = len(rows) > limit
    return {"items": list(rows[:limit]), "next": str(getattr(rows[limit - 1], key)) if more else None}
