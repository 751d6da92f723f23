"""What is said about a configuration before anything is spent."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """An error refuses a release; a warning and an advice do not."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Fix:
    """One click: what it does in words, and the settings it replaces, as in a configuration."""

    words: str
    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or unwise. `field` is the setting, `flag` the engine's flag where one is meant.

    `by_parser` is True where the engine's own argument parser gives the same verdict; the others are known
    from its later behaviour or from the provider's. No text repeats a value that may be a secret.
    """

    level: Level
    code: str
    field: str
    cause: str
    remedy: str
    flag: str | None = None
    fix: Fix | None = None
    source: str = ""
    by_parser: bool = False

    @property
    def words(self) -> str:
        """Cause and remedy as one text."""
        return f"{self.cause} {self.remedy}"
