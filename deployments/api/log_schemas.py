"""Log lines as REST shows them."""

from datetime import UTC, datetime
from typing import Any

from ninja import Field, Schema

from deployments.models import LogLine


class LogLineOut(Schema):
    """One line as it was stored, secrets replaced."""

    id: int = Field(description="Ascending in the order in which lines were taken in.")
    at: datetime
    source: str = Field(description="build, deploy, container, engine or panel.")
    level: str = Field(description="I, W or E: info, warning or error, by what the line begins with.")
    run: int | None = Field(description="The id of its run.")
    text: str

    @staticmethod
    def resolve_run(line: Any) -> int | None:
        """The id alone: no query for each line."""
        return line.run_id  # type: ignore[no-any-return]


def as_json(line: LogLine) -> dict[str, Any]:
    """The same as plain JSON, for an event."""
    at = line.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": line.pk,
        "at": at,
        "source": line.source,
        "level": line.level,
        "run": line.run_id,
        "text": line.text,
    }
