"""Rows on disk: one SQLite file, readable by its owner only. Every write is durable against a kill."""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS logs (
    n INTEGER PRIMARY KEY AUTOINCREMENT, app_id TEXT, function_id TEXT, container_id TEXT, call_id TEXT,
    at REAL, source INTEGER, data TEXT
);
CREATE INDEX IF NOT EXISTS logs_by_app ON logs (app_id, at);
"""


class _Row(Protocol):
    id: str


R = TypeVar("R", bound=_Row)


class Store:
    """The SQLite file. One thread only (the event loop's)."""

    def __init__(self, path: Path) -> None:
        """Open or create the file with mode 0600."""
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.executescript(_SCHEMA)

    def note(self, name: str) -> str | None:
        """A single remembered value, such as the last heartbeat."""
        row = self.db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Remember `value` under `name`."""
        self.db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Write everything into the one file and close it."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()


class Table(Generic[R]):
    """All rows of one kind, held in memory and written through."""

    def __init__(self, store: Store, kind: type[R]) -> None:
        """Load what was stored."""
        self._store = store
        self._kind = kind.__name__
        self._rows: dict[str, R] = {}
        for (body,) in store.db.execute("SELECT body FROM records WHERE kind = ?", (self._kind,)):
            row = _row(kind, json.loads(body))
            self._rows[row.id] = row

    def put(self, row: R) -> R:
        """Keep `row`, new or changed."""
        self._rows[row.id] = row
        body = json.dumps(dataclasses.asdict(row))  # type: ignore[call-overload]
        self._store.db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (self._kind, row.id, body))
        return row

    def remove(self, row_id: str) -> None:
        """Forget the row; no error where there is none."""
        self._rows.pop(row_id, None)
        self._store.db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (self._kind, row_id))

    def get(self, row_id: str) -> R | None:
        """The row, or None."""
        return self._rows.get(row_id)

    def __iter__(self) -> Iterator[R]:
        """All rows, oldest first."""
        return iter(list(self._rows.values()))


def _row(kind: type[R], body: dict[str, Any]) -> R:
    """A row from its JSON; nested rows are those whose annotation names one."""
    if kind.__name__ == "App":
        from sandbox.cloud.records import Version

        body["history"] = [Version(**version) for version in body["history"]]
    return kind(**body)
