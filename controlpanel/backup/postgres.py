"""PostgreSQL: pg_dump and pg_restore, found on PATH; the old schema stays until the new one is whole."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from .manifest import Unusable

MEMBER = "database.pgdump"
_SCHEMA, _OLD = "public", "public_before_restore"
_FREEZE = """
INSERT INTO deployments_freeze (set_at, set_by_name, reason, lifted_by_name)
SELECT %s, %s, %s, '' WHERE NOT EXISTS (SELECT 1 FROM deployments_freeze WHERE lifted_at IS NULL)
"""


def dump(to: Path, settings: Mapping[str, Any]) -> None:
    """One consistent snapshot, while everything runs."""
    argv = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--schema={_SCHEMA}"]
    _run([*argv, f"--file={to}"], settings)


def load(
    dumped: Path, settings: Mapping[str, Any], freeze: tuple[datetime, str, str], finish: Callable[[], int]
) -> int:
    """Put the dump in the place of what is there, with a freeze (when, by whom, why), and give what `finish`
    makes of it. Where any of it fails, what was there stays."""
    _refuse_where_one_broke_off()
    _sql(f"ALTER SCHEMA {_SCHEMA} RENAME TO {_OLD}", f"CREATE SCHEMA {_SCHEMA}")
    argv = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    try:
        _run([*argv, f"--schema={_SCHEMA}", f"--dbname={settings['NAME']}", str(dumped)], settings)
        with connection.cursor() as cursor:
            cursor.execute(_FREEZE, freeze)
        connection.close()  # whose prepared words are of tables that are gone
        made = finish()
    except BaseException:
        connection.close()
        _sql(f"DROP SCHEMA {_SCHEMA} CASCADE", f"ALTER SCHEMA {_OLD} RENAME TO {_SCHEMA}")
        raise
    _sql(f"DROP SCHEMA {_OLD} CASCADE")
    return made


def _refuse_where_one_broke_off() -> None:
    """A restore that was killed has left what was there beside: it is the only whole database then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [_OLD])
        if cursor.fetchone() is None:
            return
    raise Unusable(
        f"A restore broke off: the database of before it lies in the schema {_OLD}. To have it back, DROP"
        f" SCHEMA {_SCHEMA} CASCADE and ALTER SCHEMA {_OLD} RENAME TO {_SCHEMA}; else"
        f" DROP SCHEMA {_OLD} CASCADE."
    )


def _sql(*commands: str) -> None:
    with connection.cursor() as cursor:
        for command in commands:
            cursor.execute(command)


def _run(argv: list[str], settings: Mapping[str, Any]) -> None:
    program = shutil.which(argv[0])
    if program is None:
        raise Unusable(
            f"There is no {argv[0]} on PATH. Install PostgreSQL's client programs, not older than the server."
        )
    done = subprocess.run(
        [program, *argv[1:]], env={**os.environ, **_environment(settings)}, capture_output=True, text=True
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[-400:] or f"exit code {done.returncode}"
        raise Unusable(f"{argv[0]} failed: {said}")


def _environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """As libpq reads it: a password in the arguments could be seen by every user of the machine."""
    options = settings.get("OPTIONS") or {}
    found = {
        "PGDATABASE": settings["NAME"], "PGUSER": settings["USER"], "PGPASSWORD": settings["PASSWORD"],
        "PGHOST": settings["HOST"] or options.get("host", ""),
        "PGPORT": settings["PORT"] or options.get("port", ""),
        "PGSSLMODE": options.get("sslmode", ""), "PGSSLROOTCERT": options.get("sslrootcert", ""),
    }  # fmt: skip
    return {name: str(value) for name, value in found.items() if value}
