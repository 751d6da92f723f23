"""What a backup says of itself, and whether it may be restored here. Pure but for files' checksums."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = 1
NAME = "manifest.json"


class Unusable(Exception):
    """This backup cannot be made or restored; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`migrations` are "app.name", `checksums` SHA-256 by member, `key_marks` tell which keys there were."""

    format: int
    made_at: str
    version: str
    vendor: str
    migrations: list[str]
    checksums: dict[str, str]
    key_marks: list[str]

    def dump(self) -> str:
        """As it lies in the file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def load(text: str) -> Manifest:
    """Raises Unusable for what is none, or one of a later format."""
    try:
        found = Manifest(**json.loads(text))
    except (ValueError, TypeError):
        raise Unusable("This is no backup of Pilotlight: its manifest cannot be read.") from None
    if found.format != FORMAT:
        raise Unusable(
            f"The backup has format {found.format}; this panel reads {FORMAT}. Use the panel that made it."
        )
    return found


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mark(key: str) -> str:
    """Tells a key from others. Keys are 256 random bits: nobody finds one from its mark."""
    return hashlib.sha256(b"pilotlight key mark " + key.encode()).hexdigest()[:16]


def check_files(manifest: Manifest, folder: Path) -> None:
    """Raise Unusable where a member is missing or was changed."""
    for name, expected in manifest.checksums.items():
        path = folder / name
        if not path.is_file() or checksum(path) != expected:
            raise Unusable(f"{name} in the backup is damaged: its checksum differs. Use another backup.")


def check_schema(manifest: Manifest, known: Iterable[str]) -> None:
    """Raise Unusable where the backup is of a newer panel than this one."""
    newer = sorted(set(manifest.migrations) - set(known))
    if newer:
        words = f"The backup is of a newer panel ({manifest.version}): this one does not know {newer[0]}."
        raise Unusable(f"{words} Install at least that version first.")


def check_keys(manifest: Manifest, keys: Iterable[str]) -> None:
    """Raise Unusable where a key that may have written the backup's secrets is not here."""
    missing = set(manifest.key_marks) - {mark(key) for key in keys}
    if missing:
        raise Unusable(
            f"{len(missing)} of the {len(manifest.key_marks)} keys that the panel had is not in "
            "FIELD_ENCRYPTION_KEYS: stored credentials could not be read. Put it there, after your own."
        )


def check_vendor(manifest: Manifest, vendor: str) -> None:
    """Raise Unusable where it is of the other kind of database."""
    if manifest.vendor != vendor:
        raise Unusable(
            f"The backup is of {manifest.vendor}, and DATABASE_URL names {vendor}. Name one of its kind."
        )


def key_marks(keys: Iterable[str]) -> list[str]:
    """The marks of keys, in their order."""
    return [mark(key) for key in keys]


def sums(folder: Path, names: Iterable[str]) -> Mapping[str, str]:
    """The checksums of these members."""
    return {name: checksum(folder / name) for name in names}
