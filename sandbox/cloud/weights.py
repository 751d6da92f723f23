"""The weights of a model on a volume, as a download of the stand-in leaves them: all files, without data."""

from __future__ import annotations

import shutil

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import InvalidError, NotFoundError
from sandbox.cloud.filesystem import volume_path
from sandbox.cloud.rpc.volumes import create_volume, find_volume
from sandbox.engine.weights import leave_tree

VOLUME = "huggingface-cache"
MODEL = "zai-org/GLM-5.2-FP8"


def seed(cloud: Cloud, volume_name: str = VOLUME, model: str = MODEL, environment: str = "main") -> None:
    """Put `model`, written owner/name, into the volume, which is made where there is none. InvalidError."""
    owner, slash, name = model.partition("/")
    if not (owner and slash and name) or "/" in name or ".." in model:
        raise InvalidError("model: must be written as owner/name")
    volume = find_volume(cloud, volume_name, environment) or create_volume(cloud, volume_name, environment)
    leave_tree(volume_path(cloud.directory, volume.id) / "hub", model)


def empty(cloud: Cloud, volume_name: str, environment: str = "main") -> None:
    """Remove everything from a volume. NotFoundError."""
    volume = find_volume(cloud, volume_name, environment)
    if volume is None:
        raise NotFoundError(f"name: there is no volume {volume_name!r}")
    root = volume_path(cloud.directory, volume.id)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
