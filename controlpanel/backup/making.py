"""Making a backup while everything runs."""

import os
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from controlpanel.oncall.facts import version

from . import postgres, sqlite
from .manifest import FORMAT, NAME, Manifest, Unusable, key_marks, sums

KEY_FILES = ("secret-key", "field-encryption-keys")


def make(to: Path, *, with_keys: bool, force: bool, now: datetime) -> Path:
    """Write a backup into the folder `to`, or as the file `to`; gives its path. Raises Unusable.

    It appears whole or not at all, readable by its owner alone.
    """
    target = to / f"pilotlight-{now:%Y%m%d-%H%M%S}.tar.gz" if to.is_dir() else to
    if not target.parent.is_dir():
        raise Unusable(f"There is no folder {target.parent}. Make it first.")
    if target.exists() and not force:
        raise Unusable(f"{target} is there already. Name another file, or say --force to write over it.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pilotlight-backup-") as name:
        folder = Path(name)
        members = [_database(folder), *(_keys(folder) if with_keys else ())]
        (folder / NAME).write_text(_manifest(folder, members, now).dump())
        draft = folder / "whole"
        with tarfile.open(draft, "w:gz") as archive:
            for member in (NAME, *members):
                archive.add(folder / member, arcname=member)
        draft.chmod(0o600)
        os.replace(draft, target)
    return target


def _database(folder: Path) -> str:
    if connection.vendor == "sqlite":
        sqlite.dump(Path(connection.settings_dict["NAME"]), folder / sqlite.MEMBER)
        return sqlite.MEMBER
    postgres.dump(folder / postgres.MEMBER, connection.settings_dict)
    return postgres.MEMBER


def _keys(folder: Path) -> list[str]:
    """The key files of the data folder. Keys that only the environment has are not the panel's to copy."""
    found = [name for name in KEY_FILES if (settings.PANEL_DATA_DIR / name).is_file()]
    if not found:
        raise Unusable("The keys are in the environment, not in the data folder: keep them yourself.")
    for name in found:
        (folder / name).write_bytes((settings.PANEL_DATA_DIR / name).read_bytes())
    return found


def _manifest(folder: Path, members: list[str], now: datetime) -> Manifest:
    done = MigrationRecorder(connection).applied_migrations()
    return Manifest(
        format=FORMAT,
        made_at=now.isoformat(timespec="seconds"),
        version=version(),
        vendor=connection.vendor,
        migrations=sorted(f"{app}.{name}" for app, name in done),
        checksums=dict(sums(folder, members)),
        key_marks=key_marks(settings.FIELD_ENCRYPTION_KEYS),
    )
