"""A model's config.json on a volume whose files are links, as in a Hugging Face cache."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from modal import exception
from modal.types import FileEntry, FileEntryType

from deployments.providers.base import ProviderError
from deployments.providers.modal_cloud import model_files

ROOT = "hub/models--a--b"
CONFIG = b'{"num_hidden_layers": 2}'
LINK = FileEntry(f"{ROOT}/snapshots/rev/config.json", FileEntryType.SYMLINK, 2, 60)


def blob(name: str, size: int) -> FileEntry:
    return FileEntry(f"{ROOT}/blobs/{name}", FileEntryType.FILE, 1, size)


class Cache:
    """A volume of Modal's SDK; what is not in `files` cannot be read."""

    def __init__(self, entries: list[FileEntry] | None, files: dict[str, bytes]) -> None:
        self.entries, self.files = entries, files
        self.read: list[str] = []
        self.listdir = SimpleNamespace(aio=self._list)
        self.read_file = SimpleNamespace(aio=self._read)

    async def _list(self, path: str, *, recursive: bool) -> list[FileEntry]:
        if self.entries is None:
            raise exception.NotFoundError(path)
        return self.entries

    async def _read(self, path: str) -> AsyncIterator[bytes]:
        self.read.append(path)
        if path not in self.files:
            raise FileNotFoundError(path)
        yield self.files[path]


def asked(monkeypatch: pytest.MonkeyPatch, cache: Cache) -> bytes | None:
    monkeypatch.setattr(model_files.modal.Volume, "from_name", lambda *_, **__: cache)
    client: Any = None
    return asyncio.run(model_files.model_config(client, "main", "huggingface-cache", "a/b"))


def test_a_link_that_is_followed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache([LINK, blob("x", 60)], {LINK.path: CONFIG})
    assert asked(monkeypatch, cache) == CONFIG
    assert cache.read == [LINK.path]


def test_where_a_link_is_not_followed_the_small_blobs_are_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [LINK, blob("weights", 5 * 10**9), blob("tokenizer", 90), blob("config", 60)]
    files = {f"{ROOT}/blobs/tokenizer": b'{"vocab": []}', f"{ROOT}/blobs/config": CONFIG}
    cache = Cache(entries, files | {LINK.path: b"../../blobs/config"})
    assert asked(monkeypatch, cache) == CONFIG
    assert f"{ROOT}/blobs/weights" not in cache.read


@pytest.mark.parametrize("entries", [None, [], [blob("config", 60)]])
def test_a_model_that_is_not_there_has_none(
    monkeypatch: pytest.MonkeyPatch, entries: list[FileEntry] | None
) -> None:
    assert asked(monkeypatch, Cache(entries, {})) is None


def test_one_that_cannot_be_read_or_is_too_large_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    large = b'{"num_hidden_layers": 2' + b" " * model_files.LIMIT_BYTES + b"}"
    for files in ({}, {LINK.path: large}):
        with pytest.raises(ProviderError, match="none that could be read"):
            asked(monkeypatch, Cache([LINK], files))
