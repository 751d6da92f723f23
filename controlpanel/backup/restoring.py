"""Bringing a backup back: looked at whole before anything is touched, and frozen from its first instant."""

import os
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from controlpanel import data_dir
from deployments import public

from . import manifest as manifests
from . import postgres, sqlite
from .making import KEY_FILES
from .manifest import NAME, Manifest, Unusable

BY, REASON = "the restore", "Restored from a backup: look at what is lit before anything is lit again."
_ALIVE_S = 60.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `kept` is the database that was there, where a file of it was kept."""

    manifest: Manifest
    secrets: int
    kept: Path | None


def restore(source: Path, *, force: bool, now: datetime) -> Restored:
    """Put the backup in the place of this panel's database. Raises Unusable, and has changed nothing then.

    Everything must be stopped. The restored panel is frozen: its leases and schedules are of another time.
    """
    target = Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None
    beside = target.parent if target is not None else settings.PANEL_DATA_DIR
    with tempfile.TemporaryDirectory(dir=beside, prefix=".pilotlight-restore-") as name:
        folder = Path(name)
        found = _unpacked(source, folder)
        _check(found, folder)
        _check_target(force)
        keys = _bring_keys(folder)
        manifests.check_keys(found, keys)
        _put_keys(folder, keys)
        kept = _put_database(folder, target, now)
    call_command("migrate", interactive=False, verbosity=0)
    public.settle_after_restore(now)
    return Restored(found, public.check_secrets(), kept)


def _unpacked(source: Path, folder: Path) -> Manifest:
    known = {NAME, sqlite.MEMBER, postgres.MEMBER, *KEY_FILES}
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive.getmembers():
                if not member.isfile() or member.name not in known:
                    raise Unusable(f"{source} holds {member.name!r}, which is in no backup.")
                archive.extract(member, folder, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise Unusable(f"{source} cannot be read: {error}.") from None
    path = folder / NAME
    return manifests.load(path.read_text() if path.exists() else "")


def _check(found: Manifest, folder: Path) -> None:
    manifests.check_vendor(found, connection.vendor)
    manifests.check_files(found, folder)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    manifests.check_schema(found, {f"{app}.{name}" for app, name in loader.disk_migrations})
    member = sqlite.MEMBER if connection.vendor == "sqlite" else postgres.MEMBER
    if member not in found.checksums:
        raise Unusable("The backup holds no database.")
    if connection.vendor == "sqlite":
        sqlite.check(folder / member)


def _check_target(force: bool) -> None:
    """Nothing that runs is pulled from under its workers, and nothing is overwritten unasked."""
    tables = connection.introspection.table_names()
    if not tables:
        return
    try:
        age_s = public.worker_heartbeat_age_s()
    except DatabaseError:  # tables of something else, or of a time before there were heartbeats
        age_s = None
    if age_s is not None and abs(age_s) < _ALIVE_S:
        raise Unusable(
            f"A worker reported {age_s:.0f} s ago. Stop the panel and wait a minute, then restore."
        )
    if not force:
        raise Unusable("There is a database already. Say --force to put the backup in its place.")


def _bring_keys(folder: Path) -> tuple[str, ...]:
    """The keys that will hold: those of the backup where it has some and the environment names none."""
    path = folder / "field-encryption-keys"
    if not path.exists() or os.environ.get("FIELD_ENCRYPTION_KEYS"):
        return tuple(settings.FIELD_ENCRYPTION_KEYS)
    there = [one.strip() for one in path.read_text().split(",") if one.strip()]
    return data_dir.check_fernet_keys(
        there + [one for one in settings.FIELD_ENCRYPTION_KEYS if one not in there]
    )


def _put_keys(folder: Path, keys: tuple[str, ...]) -> None:
    """Keys of here stay behind those of the backup: what was encrypted with them can still be read."""
    if not (folder / "field-encryption-keys").exists():
        return
    (folder / "field-encryption-keys").write_text(",".join(keys))
    for name in KEY_FILES:
        if (folder / name).exists():
            (folder / name).chmod(0o600)
            os.replace(folder / name, settings.PANEL_DATA_DIR / name)
    settings.FIELD_ENCRYPTION_KEYS = keys


def _put_database(folder: Path, target: Path | None, now: datetime) -> Path | None:
    if target is None:
        postgres.load(folder / postgres.MEMBER, connection.settings_dict, now, BY, REASON)
        return None
    sqlite.freeze(folder / sqlite.MEMBER, now, BY, REASON)
    connection.close()
    return sqlite.put_in_place(folder / sqlite.MEMBER, target, now)
