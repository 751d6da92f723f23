import stat
import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlpanel import data_dir


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_private(tmp_path: Path) -> None:
    assert mode(data_dir.prepare(tmp_path / "new" / "var")) == 0o700


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert mode(data_dir.prepare(tmp_path)) == 0o700


def test_secrets_are_kept_and_private(tmp_path: Path) -> None:
    first = data_dir.secret_key(tmp_path)
    assert data_dir.secret_key(tmp_path) == first
    assert mode(tmp_path / "secret-key") == 0o600
    assert len(first) >= 50


def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    seen: list[str] = []

    def start() -> None:
        gate.wait()
        seen.append(data_dir.secret_key(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_an_emptied_secret_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        data_dir.secret_key(tmp_path)


def test_the_socket_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert data_dir.socket_path(Path("/srv/panel")) == Path("/srv/panel/valkey/valkey.sock")


def test_a_long_folder_gets_a_short_socket_and_always_the_same(tmp_path: Path) -> None:
    long = tmp_path / ("ä" * 60)
    path = data_dir.socket_path(long)
    assert len(str(path).encode()) <= 107
    assert path == data_dir.socket_path(long)
    assert path != data_dir.socket_path(tmp_path / ("ö" * 60))
