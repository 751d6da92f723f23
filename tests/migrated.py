"""The database that `manage.py migrate` makes of nothing: made once in a run of tests, then copied.

Migrating takes three seconds of a processor; a run of tests has a dozen processes and panels that need it.
The first that does makes it in the folder of the run: no run meets another's, which could be out of date.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

ROOT = Path(__file__).resolve().parents[1]
_FOLDER = "PILOTLIGHT_TEST_RUN"


def begin_run(folder: Path) -> None:
    """Name the folder of this run, for this process and for the workers that it starts."""
    os.environ[_FOLDER] = str(folder)


def end_run() -> None:
    """There is no such folder any more."""
    os.environ.pop(_FOLDER, None)


def copy_file(to: Path) -> None:
    """A migrated SQLite file at `to`, whose folder is made where it is missing."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_file(), to)
    to.chmod(0o600)


@contextmanager
def database_of_a_process(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """`connection` leads to a migrated database of its own meanwhile, made as Django names it."""
    name = connection.settings_dict["NAME"]
    copy = connection.creation._get_test_db_name()
    copy_file(Path(copy))
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _file() -> Path:
    folder = Path(os.environ[_FOLDER])
    made = folder / "migrated.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(folder, made)
    return made


def _make(folder: Path, made: Path) -> None:
    """In a process of its own, as a panel does it: nothing that the tests change is in it."""
    first, whole = folder / "first.sqlite3", folder / "whole.sqlite3"
    environment = {
        "PATH": os.environ["PATH"], "PANEL_DATA_DIR": str(folder / "var"),
        "DATABASE_URL": f"sqlite:///{first}",
    }  # fmt: skip
    argv = [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"]
    subprocess.run(argv, cwd=ROOT, env=environment, check=True)
    with closing(sqlite3.connect(first)) as database:
        database.execute("VACUUM INTO ?", (str(whole),))  # one file, with what its write-ahead log holds
    whole.rename(made)
