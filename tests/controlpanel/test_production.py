"""With production's settings Django's own check has nothing to say, and cookies are closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "PANEL_PUBLIC_URL": "https://panel.example.org",
    "DATABASE_URL": "postgresql://panel:x@db/panel",
    "REDIS_URL": "redis://broker",
    "SECRET_KEY": "kT4!vQ9z@Lm2#Xw7$Rb5%Yn8^Hc3&Jd6*Gf1(Ps0)Aa_Bb-Cc+Dd=Ee",
}


def manage(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PANEL_DATA_DIR": str(folder), **variables}
    argv = [sys.executable, "manage.py", *arguments]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_check_deploy_is_clean(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "no issues (0 silenced)" in result.stdout + result.stderr


@pytest.mark.slow
def test_check_deploy_names_what_a_trial_lacks(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", "--deploy")
    assert "controlpanel.W001" in result.stderr
    assert "controlpanel.W002" in result.stderr


@pytest.mark.slow
def test_models_and_migrations_agree(tmp_path: Path) -> None:
    result = manage(tmp_path, "makemigrations", "--check", "--dry-run")
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["PORT", "SANDBOX_SPEED"])
def test_a_bad_variable_is_one_clear_line_for_whoever_starts_it(name: str, tmp_path: Path) -> None:
    result = manage(tmp_path, "up", **{name: "nonsense"})
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().startswith(f"{name} is no ")
