"""The folder of everything the panel keeps: made 0700, its secrets 0600."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from .environment import refuse

# A Unix socket's path holds 108 bytes with its closing zero (unix(7)).
_LONGEST_SOCKET_PATH = 107


def prepare(folder: Path) -> Path:
    """Make `folder` with mode 0700 and answer its absolute path; ImproperlyConfigured where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        remedy = "Name a folder that this user may write to."
        raise refuse("PANEL_DATA_DIR", f"cannot be used ({error.strerror})", remedy) from error
    return folder.resolve()


def kept(folder: Path, name: str, made: str) -> str:
    """The text of secret file `name`; written with `made`, mode 0600, where there is none yet.

    Several processes may start at once: the file is linked into place whole, and the first one wins.
    """
    path = folder / name
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        with os.fdopen(handle, "w") as file:
            file.write(made)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    text = path.read_text().strip()
    if not text:
        raise ImproperlyConfigured(f"{path} is empty. Put the secret back from a backup, or remove the file.")
    return text


def secret_key(folder: Path) -> str:
    """The SECRET_KEY kept in `folder`."""
    return kept(folder, "secret-key", secrets.token_urlsafe(64))


def field_encryption_keys(folder: Path) -> list[str]:
    """The Fernet keys kept in `folder`, a comma list; the first one encrypts."""
    text = kept(folder, "field-encryption-keys", Fernet.generate_key().decode())
    return [key.strip() for key in text.split(",") if key.strip()]


def check_fernet_keys(keys: list[str]) -> tuple[str, ...]:
    """`keys` as a tuple; ImproperlyConfigured where one is no Fernet key."""
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError as error:
            remedy = "A key is 32 random bytes in URL-safe base64; unset the variable to have one made."
            raise refuse("FIELD_ENCRYPTION_KEYS", f"has no Fernet key at place {number}", remedy) from error
    return tuple(keys)


def socket_path(folder: Path) -> Path:
    """Where the embedded broker listens: in `folder`, or in the temporary folder where that is too long.

    The same `folder` gives the same path in every process, so that commands find the broker of `up`.
    """
    path = folder / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pilotlight-{os.getuid()}-{mark}" / "valkey.sock"
