"""A bad value stops the start with the variable's name and a remedy, and never with the value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlpanel.environment import Environment

ROOT = Path(__file__).resolve().parents[2]

BAD = {
    "PORT": ["80a", "0", "65536", "-1", "８０"],
    "DEBUG": ["maybe"],
    "DATABASE_URL": ["mysql://host/name", "postgresql://host", "sqlite:///relative", "nonsense"],
    "REDIS_URL": ["http://host", "redis", "redis://host:notaport"],
    "SECRET_KEY": ["short"],
    "FIELD_ENCRYPTION_KEYS": ["not-a-fernet-key"],
    "CSRF_TRUSTED_ORIGINS": ["panel.example.org"],
    "PANEL_PUBLIC_URL": ["panel.example.org", "ftp://panel.example.org"],
    "PANEL_DATA_DIR": ["/dev/null/inside"],
    "MODAL_TOKEN_SECRET": ["as-only-this-half"],
    "MODAL_SERVER_URL": ["localhost:9900", "http://127.0.0.1:9900"],
    "EMAIL_URL": ["mail.example.org"],
    "LOG_KEEP_LINES": ["0", "many"],
    "QUIET_AFTER_SLEEP_S": ["5 min", "-1", "86401"],
    "SANDBOX_SPEED": ["fast", "0", "-3", "NaN", "1e9"],
    "SANDBOX_VLLM": ["/no/such/program"],
}


def load_settings(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = "import controlpanel.settings as s; print(s.PORT, s.PANEL_PUBLIC_URL)"
    environment = {"PATH": os.environ["PATH"], "PANEL_DATA_DIR": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_values_stop_the_start_and_name_the_variable(name: str, tmp_path: Path) -> None:
    value = BAD[name][0]
    result = load_settings(tmp_path, **{name: value})
    last = result.stderr.strip().splitlines()[-1]
    assert result.returncode != 0
    assert "ImproperlyConfigured" in last
    named = "MODAL_TOKEN_ID" if name in ("MODAL_TOKEN_SECRET",) else name
    assert named in last


@pytest.mark.parametrize(
    ("reader", "value"),
    [("port", value) for value in BAD["PORT"]]
    + [("speed", value) for value in BAD["SANDBOX_SPEED"]]
    + [("seconds", value) for value in BAD["QUIET_AFTER_SLEEP_S"]],
)
def test_numbers_out_of_range_are_refused(reader: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^X is no .*Set X to a number"):
        getattr(Environment({"X": value}), reader)("X", "1")


@pytest.mark.parametrize("value", BAD["REDIS_URL"])
def test_addresses_that_cannot_work_are_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X is no usable address"):
        Environment({"X": value}).url("X", schemes=("redis", "rediss", "unix"))


def test_a_refused_secret_is_not_repeated(tmp_path: Path) -> None:
    assert "as-only-this-half" not in load_settings(tmp_path, MODAL_TOKEN_SECRET="as-only-this-half").stderr


def test_no_variable_at_all_is_enough(tmp_path: Path) -> None:
    assert load_settings(tmp_path).stdout == "8000 http://127.0.0.1:8000\n"


def test_a_blank_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load_settings(tmp_path, PORT=" ", DEBUG="", SECRET_KEY="").returncode == 0
