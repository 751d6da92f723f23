"""SQLite: copied while it is written to, and put in place whole."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.db import connection

from .manifest import Unusable

MEMBER = "database.sqlite3"
_FREEZE = """
INSERT INTO deployments_freeze (set_at, set_by_name, reason, lifted_by_name)
SELECT ?, ?, ?, '' WHERE NOT EXISTS (SELECT 1 FROM deployments_freeze WHERE lifted_at IS NULL)
"""


def dump(source: Path, to: Path) -> None:
    """A copy of one instant by SQLite's online backup: readers and writers go on meanwhile."""
    with _opened(source) as live, _opened(to) as copy:
        live.backup(copy)
    check(to)


def check(path: Path) -> None:
    """Raise Unusable where the file is no whole database."""
    try:
        with _opened(path) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise Unusable(f"The copy is no whole database: {error}.") from None
    if found != "ok":
        raise Unusable(f"The copy is no whole database: {found}.")


def freeze(path: Path, at: datetime, by: str, reason: str) -> None:
    """Write the freeze into the copy, before anything could read it as a panel's."""
    with _opened(path) as database:
        database.execute(_FREEZE, [at.strftime("%Y-%m-%d %H:%M:%S.%f"), by, reason])
        database.commit()


@contextlib.contextmanager
def connected(copy: Path) -> Iterator[None]:
    """Let everything in here read and write the copy instead of the database."""
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(copy)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    with _opened(copy) as database:  # it is moved alone, without a log beside it
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def put_in_place(copy: Path, target: Path, at: datetime) -> Path | None:
    """Make `copy`, which lies beside it, the database. Gives the name under which what was there is kept."""
    kept = target.with_name(f"{target.name}.before-{at:%Y%m%d-%H%M%S}") if _holds_tables(target) else None
    if kept is not None:
        with _opened(target) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(target, kept)
    for suffix in ("-wal", "-shm"):  # of the old file: they must never be read as the new one's
        with contextlib.suppress(FileNotFoundError):
            target.with_name(target.name + suffix).unlink()
    copy.chmod(0o600)
    os.replace(copy, target)
    return kept


def _holds_tables(path: Path) -> bool:
    """False for what a mere look for tables leaves behind."""
    if not path.exists():
        return False
    with _opened(path) as database:
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path, timeout=20)
    try:
        yield database
    finally:
        database.close()
