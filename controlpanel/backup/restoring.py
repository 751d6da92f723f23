"""Bringing a backup back: looked at whole before anything is touched, and frozen from its first instant."""

import os
import tarfile
import tempfile
from collections.abc import Callable
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
    """What was restored, and how many `secrets` can be read. `kept` is the database that was there, where a
    file of it was kept."""

    manifest: Manifest
    secrets: int
    kept: Path | None


def restore(source: Path, *, force: bool, now: datetime) -> Restored:
    """Put the backup in the place of this panel's database, with this panel's schema. Raises Unusable, and
    has changed nothing then.

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

        def finish() -> int:
            secrets = _brought_up(found, keys, now)
            _put_keys(folder, keys)
            return secrets

        return Restored(found, *_put_database(folder, target, now, finish))


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


def _brought_up(found: Manifest, keys: tuple[str, ...], now: datetime) -> int:
    """Give the restored database, which nobody uses yet, this panel's schema, and end what is of another
    time. Gives how many secrets can be read."""
    before, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, keys
    try:
        _migrate(found)
        public.settle_after_restore(now)
        return public.check_secrets()
    except BaseException:
        settings.FIELD_ENCRYPTION_KEYS = before
        raise


def _migrate(found: Manifest) -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:  # a migration may raise anything; whatever it is, what was there stays
        raise Unusable(
            f"The backup of {found.version} cannot be brought to this version ({error!r}). Nothing was"
            f" changed. Restore it with {found.version}, which made it, and update that panel."
        ) from error


def _put_keys(folder: Path, keys: tuple[str, ...]) -> None:
    """Keys of here stay behind those of the backup: what was encrypted with them can still be read."""
    if not (folder / "field-encryption-keys").exists():
        return
    (folder / "field-encryption-keys").write_text(",".join(keys))
    for name in KEY_FILES:
        if (folder / name).exists():
            (folder / name).chmod(0o600)
            os.replace(folder / name, settings.PANEL_DATA_DIR / name)


def _put_database(
    folder: Path, target: Path | None, now: datetime, finish: Callable[[], int]
) -> tuple[int, Path | None]:
    """What `finish` gives, and where the database that was there is kept. It is called with the restored one
    connected, before that takes the place."""
    if target is None:
        dumped = folder / postgres.MEMBER
        return postgres.load(dumped, connection.settings_dict, (now, BY, REASON), finish), None
    copy = folder / sqlite.MEMBER
    sqlite.freeze(copy, now, BY, REASON)
    with sqlite.connected(copy):
        secrets = finish()
    return secrets, sqlite.put_in_place(copy, target, now)
