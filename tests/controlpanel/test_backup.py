"""A backup is made while rows are written, and a panel that comes back from it lights nothing by itself.

On SQLite in the test's own folder; on PostgreSQL with a server of its own.
"""

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from controlpanel.backup import making
from controlpanel.backup import manifest as manifests
from tests import migrated, postgres

ROOT = Path(__file__).resolve().parents[2]
Manage = Callable[..., subprocess.CompletedProcess[str]]

SEED = """
from django.utils import timezone
from deployments.models import Account, Deployment, Lease, Release, Wake
now = timezone.now()
a = Account.objects.create(name="A", token_id="ak-1", token_secret="as-secret")
d = Deployment.objects.create(slug="one", name="One", account=a, wanted="on")
Lease.objects.create(deployment=d, holder_name="Anna", via="page", created_at=now)
"""
LOOK = """
import json
from deployments.models import Account, Deployment, Freeze, Lease
from deployments.services.frozen import current_freeze
print(json.dumps([
    current_freeze() is not None, Lease.objects.filter(ended_at=None).count(),
    [a.token_secret for a in Account.objects.filter(name="A")], Deployment.objects.filter(slug="two").count(),
]))
"""
AFTER = 'from deployments.models import *; Deployment.objects.filter(slug="one").update(slug="two")'


def environment(folder: Path, url: str, key: str) -> dict[str, str]:
    tools = f"{postgres.find_installation() / 'bin'}:{os.environ['PATH']}"
    unset = ("DATABASE_URL", "FIELD_ENCRYPTION_KEYS")
    return {k: v for k, v in os.environ.items() if k not in unset} | {
        "PANEL_DATA_DIR": str(folder), "PATH": tools, "FIELD_ENCRYPTION_KEYS": key,
        "DJANGO_SETTINGS_MODULE": "controlpanel.settings",
        **({"DATABASE_URL": url} if url else {}),
    }  # fmt: skip


def manager(env: dict[str, str]) -> Manage:
    def manage(*argv: str, sent: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *argv]
        return subprocess.run(
            command, env=env | more, input=sent, capture_output=True, text=True, timeout=120, check=False
        )

    return manage


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def panel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Manage, Path]]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.server()) if request.param == "postgresql" else ""
        manage = manager(environment(tmp_path / "var", url, Fernet.generate_key().decode()))
        if url:
            assert manage("migrate").returncode == 0
        else:
            migrated.copy_file(tmp_path / "var" / "panel.sqlite3")
        assert manage("shell", "-v0", sent=SEED, PYTHONSTARTUP="").returncode == 0
        yield manage, tmp_path


def look(manage: Manage) -> list[object]:
    done = manage("shell", "-v0", "-c", LOOK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_it_comes_back_frozen_with_its_secrets_and_without_its_leases(panel: tuple[Manage, Path]) -> None:
    manage, folder = panel
    assert look(manage) == [False, 1, ["as-secret"], 0]
    made = manage("backup", "--to", str(folder / "b.tar.gz"))
    assert made.returncode == 0, made.stderr
    assert (folder / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(folder / "b.tar.gz") as archive:
        assert not {"secret-key", "field-encryption-keys"} & set(archive.getnames())
    assert "there already" in manage("backup", "--to", str(folder / "b.tar.gz")).stderr
    assert manage("shell", "-v0", "-c", AFTER).returncode == 0
    refused = manage("restore", "--from", str(folder / "b.tar.gz"))
    assert "--force" in refused.stderr
    foreign = manage(
        "restore", "--from", str(folder / "b.tar.gz"), "--force",
        FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    )  # fmt: skip
    assert "FIELD_ENCRYPTION_KEYS" in foreign.stderr
    assert look(manage)[3] == 1  # refusals changed nothing
    done = manage("restore", "--from", str(folder / "b.tar.gz"), "--force")
    assert done.returncode == 0, done.stderr
    assert look(manage) == [True, 0, ["as-secret"], 0]


def test_a_living_panel_is_not_pulled_from_under_its_workers(tmp_path: Path) -> None:
    manage = manager(environment(tmp_path / "var", "", Fernet.generate_key().decode()))
    migrated.copy_file(tmp_path / "var" / "panel.sqlite3")
    manage("backup", "--to", str(tmp_path / "b.tar.gz"))
    manage("shell", "-v0", "-c", "from deployments.tasks import heartbeat; heartbeat()")
    done = manage("restore", "--from", str(tmp_path / "b.tar.gz"), "--force")
    assert "Stop the panel" in done.stderr


def changed(source: Path, to: Path, sql: str, newer: str = "") -> None:
    """A backup like `source`, with this done to its database, and that migration in its manifest."""
    folder = to.with_suffix(".d")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    with closing(sqlite3.connect(folder / "database.sqlite3")) as database:
        database.execute(sql)
    told = json.loads((folder / manifests.NAME).read_text())
    told["migrations"] += [newer] if newer else []
    told["checksums"]["database.sqlite3"] = manifests.checksum(folder / "database.sqlite3")
    (folder / manifests.NAME).write_text(json.dumps(told))
    with tarfile.open(to, "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, arcname=path.name)


def test_an_older_schema_is_brought_up_with_its_keys_and_what_cannot_be_changes_nothing(
    tmp_path: Path,
) -> None:
    then = manager(environment(tmp_path / "then", "", ""))
    now = manager(environment(tmp_path / "now", "", ""))
    assert then("migrate", "-v0", "deployments", "0012").returncode == 0
    old, keys = tmp_path / "old.tar.gz", tmp_path / "then" / "field-encryption-keys"
    assert then("backup", "--to", str(old), "--with-keys").returncode == 0
    done = now("restore", "--from", str(old))
    assert done.returncode == 0, done.stderr
    assert "What was there" not in done.stdout
    there = {path.name: path.read_bytes() for path in (tmp_path / "now").iterdir() if path.is_file()}
    first, *own = there["field-encryption-keys"].decode().split(",")
    assert (first, len(own)) == (keys.read_text().strip(), 1)
    assert there["secret-key"] == (tmp_path / "then" / "secret-key").read_bytes()
    assert (tmp_path / "now" / "secret-key").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "now" / "panel.sqlite3")) as database:
        (done_now,) = database.execute("SELECT max(name) FROM django_migrations WHERE app = 'deployments'")
        (frozen,) = database.execute("SELECT count(*) FROM deployments_freeze WHERE lifted_at IS NULL")
    assert (done_now > ("0012_boot_end",), frozen) == (True, (1,))

    changed(old, tmp_path / "broken.tar.gz", "CREATE TABLE deployments_finding (id)")
    changed(old, tmp_path / "newer.tar.gz", "SELECT 1", newer="deployments.9999_later")
    for name, says in (("broken", "Restore it with"), ("newer", "newer panel")):
        refused = now("restore", "--from", str(tmp_path / f"{name}.tar.gz"), "--force")
        assert refused.returncode == 1
        assert says in refused.stderr
        assert "Traceback" not in refused.stderr
    assert there == {path.name: path.read_bytes() for path in (tmp_path / "now").iterdir() if path.is_file()}


def test_keys_that_only_the_environment_has_are_not_copied(tmp_path: Path, settings: Any) -> None:
    settings.PANEL_DATA_DIR = tmp_path
    with pytest.raises(manifests.Unusable, match="in the environment"):
        making._keys(tmp_path)


def known(**changes: object) -> manifests.Manifest:
    values = {
        "format": 1, "made_at": "x", "version": "9", "vendor": "sqlite", "migrations": ["a.0001"],
        "checksums": {}, "key_marks": [],
    }  # fmt: skip
    return manifests.Manifest(**{**values, **changes})


def test_a_newer_schema_another_kind_and_a_changed_byte_are_refused(tmp_path: Path) -> None:
    with pytest.raises(manifests.Unusable, match="newer panel"):
        manifests.check_schema(known(migrations=["a.0001", "a.0002"]), ["a.0001"])
    manifests.check_schema(known(), ["a.0001", "a.0002"])
    with pytest.raises(manifests.Unusable, match="of its kind"):
        manifests.check_vendor(known(), "postgresql")
    (tmp_path / "x").write_bytes(b"1")
    good = known(checksums={"x": manifests.checksum(tmp_path / "x")})
    manifests.check_files(good, tmp_path)
    (tmp_path / "x").write_bytes(b"2")
    with pytest.raises(manifests.Unusable, match="damaged"):
        manifests.check_files(good, tmp_path)
    with pytest.raises(manifests.Unusable, match="no backup"):
        manifests.load("{}")


def test_the_copy_is_whole_while_rows_are_written(tmp_path: Path) -> None:
    from controlpanel.backup import sqlite

    live = sqlite3.connect(tmp_path / "live")
    live.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (a); CREATE TABLE u (a);")
    with live:
        live.execute("INSERT INTO t VALUES (1)")
        live.execute("INSERT INTO u VALUES (1)")
    live.execute("INSERT INTO t VALUES (2)")  # half of a transaction that is open
    sqlite.dump(tmp_path / "live", tmp_path / "copy")
    copy = sqlite3.connect(tmp_path / "copy")
    assert copy.execute("SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)").fetchone() == (1, 1)
    live.close()
    copy.close()


def test_members_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    from controlpanel.backup.restoring import _unpacked

    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../evil"), io.BytesIO(b""))
    with pytest.raises(manifests.Unusable, match="in no backup"):
        _unpacked(tmp_path / "bad.tar.gz", tmp_path)
