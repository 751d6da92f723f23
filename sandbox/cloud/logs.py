"""The log of every container: kept in order, found by time, app, function, container or call."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.cloud.store import Store


@dataclass(frozen=True, slots=True)
class LogLine:
    """One received line with its line end. `at` is seconds since the epoch."""

    n: int
    app_id: str
    function_id: str
    container_id: str
    call_id: str
    at: float
    source: int
    data: str


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What to find; empty means any. Times are seconds since the epoch, both ends included."""

    app_id: str
    since: float = 0.0
    until: float = float("inf")
    function_id: str = ""
    container_id: str = ""
    call_id: str = ""
    source: int = 0
    text: str = ""
    after_n: int = 0


class Logs:
    """All lines of all containers."""

    def __init__(self, store: Store) -> None:
        """Read and write in `store`."""
        self._db = store.db

    def add(
        self,
        *,
        app_id: str,
        function_id: str,
        container_id: str,
        call_id: str,
        at: float,
        source: int,
        data: str,
    ) -> None:
        """Keep one line."""
        self._db.execute(
            "INSERT INTO logs (app_id, function_id, container_id, call_id, at, source, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (app_id, function_id, container_id, call_id, at, source, data),
        )

    def forget(self, *, before: float) -> None:
        """Drop lines older than that instant."""
        self._db.execute("DELETE FROM logs WHERE at < ?", (before,))

    def find(self, wanted: LogFilter, *, last: int | None = None) -> list[LogLine]:
        """Lines that match, oldest first; only the `last` newest of them where given."""
        where, values = _where(wanted)
        limit = -1 if last is None else last
        rows = self._db.execute(
            # Column names are ours, values are bound.
            "SELECT n, app_id, function_id, container_id, call_id, at, source, data FROM logs"  # noqa: S608
            f" WHERE {where} ORDER BY at DESC, n DESC LIMIT ?",
            (*values, limit),
        ).fetchall()
        return [LogLine(*row) for row in reversed(rows)]


def _where(wanted: LogFilter) -> tuple[str, list[object]]:
    clauses, values = ["app_id = ?", "at >= ?", "at <= ?", "n > ?"], []
    values += [wanted.app_id, wanted.since, wanted.until, wanted.after_n]
    for column in ("function_id", "container_id", "call_id", "source"):
        value = getattr(wanted, column)
        if value:
            clauses.append(f"{column} = ?")
            values.append(value)
    if wanted.text:
        clauses.append("instr(data, ?) > 0")
        values.append(wanted.text)
    return " AND ".join(clauses), values
