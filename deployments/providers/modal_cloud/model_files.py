"""Reading a model's `config.json` from the weights volume: through the control plane, without a container."""

import json
from collections.abc import Iterator, Sequence

from modal import exception
from modal.types import FileEntry, FileEntryType

from deployments.providers.base import ProviderError

from .sdk import Client, modal

LIMIT_BYTES = 256 * 1024
_MOST_BLOBS = 24


async def model_config(client: Client, environment: str, volume: str, model: str) -> bytes | None:
    """The newest snapshot's config.json of a Hugging Face cache; None where the volume has none.

    In such a cache the files of a snapshot are links into `blobs`. Whether Modal follows a link when a file
    is read is not documented: where what comes is no configuration, the small blobs are looked through.
    """
    cache = modal.Volume.from_name(volume, environment_name=environment, client=client)
    folder = f"hub/models--{model.replace('/', '--')}"
    try:
        entries = await cache.listdir.aio(folder, recursive=True)
    except exception.NotFoundError:
        return None
    if not any(_is_config(entry) for entry in entries):
        return None
    for path in _candidates(entries):
        found = await _small(cache, path)
        if found is not None and is_model_config(found):
            return found
    raise ProviderError(
        "It has a config.json, but none that could be read as that of a model.", permanent=True
    )


def is_model_config(content: bytes) -> bool:
    """Whether a file is the configuration of a model, and not one of its other small files."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and (
        "num_hidden_layers" in found or isinstance(found.get("text_config"), dict)
    )


def _is_config(entry: FileEntry) -> bool:
    return "/snapshots/" in entry.path and entry.path.count("/") == 4 and entry.path.endswith("/config.json")


def _candidates(entries: Sequence[FileEntry]) -> Iterator[str]:
    newest = sorted(entries, key=lambda entry: -entry.mtime)
    yield from (entry.path for entry in newest if _is_config(entry))
    blobs = [
        entry.path for entry in newest
        if "/blobs/" in entry.path and entry.type is FileEntryType.FILE and 0 < entry.size <= LIMIT_BYTES
    ]  # fmt: skip
    yield from blobs[:_MOST_BLOBS]


async def _small(cache: "modal.Volume", path: str) -> bytes | None:
    """A file's content; None where it is no file that can be read, or a larger one than a configuration."""
    content = b""
    try:
        async for chunk in cache.read_file.aio(path):
            content += chunk
            if len(content) > LIMIT_BYTES:
                return None
    except (FileNotFoundError, exception.NotFoundError, exception.InvalidError):
        return None
    return content
