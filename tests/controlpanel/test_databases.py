from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from controlpanel.databases import database
from controlpanel.environment import Environment


def read(url: str = "") -> dict[str, object]:
    return database(Environment({"DATABASE_URL": url}), Path("/srv/panel"))


def test_the_default_is_a_file_in_the_data_folder() -> None:
    assert read()["NAME"] == "/srv/panel/panel.sqlite3"


def test_a_sqlite_file_may_lie_elsewhere() -> None:
    assert read("sqlite:////tmp/my%20panel.sqlite3")["NAME"] == "/tmp/my panel.sqlite3"


def test_every_part_of_a_postgresql_url_counts() -> None:
    settings = read("postgresql://an%40na:p%2Fw@db.example:6432/panel?sslmode=require")
    parts = {name: settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    assert parts == {
        "NAME": "panel",
        "USER": "an@na",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    "url", ["mysql://h/n", "postgresql://host", "sqlite:///relative.db", "postgresql:///"]
)
def test_what_cannot_be_a_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        read(url)


@pytest.mark.django_db
def test_sqlite_is_tuned_for_several_processes() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this run is on PostgreSQL")
    with connection.cursor() as cursor:
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 20_000, "foreign_keys": 1}
    assert connection.transaction_mode == "IMMEDIATE"
