"""The weights of a model as a download leaves them; the files have length and no data."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import InvalidError, NotFoundError
from sandbox.cloud.filesystem import volume_path
from sandbox.cloud.rpc.volumes import create_volume, find_volume

VOLUME = "huggingface-cache"
MODEL = "zai-org/GLM-5.2-FP8"
# The published checkpoint: 142 files, 703.74 GiB.
FILES = 142
FILE_BYTES = int(703.74 * 1024**3 / FILES)


def seed(cloud: Cloud, volume_name: str = VOLUME, model: str = MODEL, environment: str = "main") -> None:
    """Put `model` into the volume, made where there is none. Sparse files: no room is used on disk."""
    volume = find_volume(cloud, volume_name, environment) or create_volume(cloud, volume_name, environment)
    owner, slash, name = model.partition("/")
    if not slash or not owner or "/" in name or ".." in model:
        raise InvalidError("model: must be written as owner/name")
    folder = volume_path(cloud.directory, volume.id) / "hub" / f"models--{owner}--{name}"
    revision = hashlib.sha1(model.encode(), usedforsecurity=False).hexdigest()
    snapshot = folder / "snapshots" / revision
    snapshot.mkdir(parents=True, exist_ok=True)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(revision)
    (snapshot / "config.json").write_text(json.dumps({"architectures": ["GlmMoeDsaForCausalLM"]}))
    for number in range(1, FILES + 1):
        _sparse(snapshot / f"model-{number:05}-of-{FILES:05}.safetensors", FILE_BYTES)


def empty(cloud: Cloud, volume_name: str, environment: str = "main") -> None:
    """Remove everything from a volume. NotFoundError."""
    volume = find_volume(cloud, volume_name, environment)
    if volume is None:
        raise NotFoundError(f"volume: there is no volume {volume_name!r}")
    root = volume_path(cloud.directory, volume.id)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)
