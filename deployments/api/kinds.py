"""Kinds of values that REST takes and gives."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from ninja import Field, Schema
from pydantic import BeforeValidator, ConfigDict, StrictBool, StrictInt, StrictStr, WithJsonSchema

T = TypeVar("T")

# RFC 3339: a date, a time, and the zone that makes it one instant.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def instant(value: Any) -> Any:
    """The instant in UTC that a text names. ValueError where it is none."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("Give a time with its zone, for example 2026-12-01T18:00:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("There is no such time; check the day, the hour and the zone.") from error


Instant = Annotated[datetime, BeforeValidator(instant)]
Usd = Annotated[
    Decimal,
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "description": "US dollars."}),
]
Seconds = Annotated[float, Field(description="Seconds.")]
Line = Annotated[StrictStr, Field(max_length=200)]
Text = Annotated[StrictStr, Field(min_length=1, max_length=80)]
Note = Annotated[StrictStr, Field(max_length=2000)]
Flag = StrictBool
Whole = StrictInt
Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Field(description="`next` of the page before.")]


class Wish(Schema):
    """What somebody asks for in a body. A field that is not known is refused by name."""

    model_config = ConfigDict(extra="forbid")


class Page(Schema, Generic[T]):
    """Some of a list. `next` is the cursor of what follows, null at the end."""

    items: list[T]
    next: str | None = None
