"""The folder that a container sees: mounted files, volumes as links, and its own commands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path, PurePosixPath

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import InvalidError
from sandbox.cloud.records import Mount

_HF_LAUNCHER = '#!/bin/sh\nexec {python} -m sandbox.cloud.launcher standin-hf "$@"\n'
_VLLM_LAUNCHER = '#!/bin/sh\nexec {python} -m sandbox.cloud.launcher {engine} "$@"\n'


def blob_path(root: Path, sha256_hex: str) -> Path:
    """Where a mounted file's content lies."""
    if len(sha256_hex) != 64 or not all(letter in "0123456789abcdef" for letter in sha256_hex):
        raise InvalidError("sha256_hex: must be 64 hexadecimal digits")
    return root / "blobs" / sha256_hex


def volume_path(root: Path, volume_id: str) -> Path:
    """Where a volume's files lie."""
    return root / "volumes" / volume_id


def inside(root: Path, path: str) -> Path:
    """`path` of the container as a path below `root`; InvalidError where it would lead out."""
    parts = PurePosixPath("/" + path).parts[1:]
    if ".." in parts:
        raise InvalidError(f"filename: {path!r} leads out of the container")
    return root.joinpath(*parts)


def prepare_library(root: Path) -> Path:
    """A folder for PYTHONPATH with `sandbox` alone, so that a container sees no other part of the project."""
    library = root / "lib"
    library.mkdir(exist_ok=True)
    link, package = library / "sandbox", Path(__file__).resolve().parents[1]
    if not link.is_symlink() or link.resolve() != package:
        link.unlink(missing_ok=True)
        link.symlink_to(package)
    return library


def prepare_commands(root: Path, engine: str) -> Path:
    """A folder for PATH with `vllm` and `hf`; `engine` is `standin` or the path of a real vllm."""
    folder = root / "bin"
    folder.mkdir(exist_ok=True)
    python = shlex.quote(sys.executable)
    _write_command(folder / "vllm", _VLLM_LAUNCHER.format(python=python, engine=shlex.quote(engine)))
    _write_command(folder / "hf", _HF_LAUNCHER.format(python=python))
    for name in ("python", "python3"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(sys.executable)
    return folder


def build(cloud: Cloud, folder: Path, mounts: list[Mount], volumes: dict[str, str]) -> Path:
    """Lay out a container's files; `volumes` maps a mount path to a volume's id. Gives HOME."""
    home = folder / "root"
    home.mkdir(parents=True)
    for mount in mounts:
        for name, sha256_hex in mount.files.items():
            target = inside(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blob_path(cloud.directory, sha256_hex), target)
    for path, volume_id in volumes.items():
        target = inside(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        source = volume_path(cloud.directory, volume_id)
        source.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    return home


def clear(folder: Path) -> None:
    """Remove a container's folder; volumes are links and stay."""
    shutil.rmtree(folder, ignore_errors=True)


def _write_command(path: Path, text: str) -> None:
    path.write_text(text)
    os.chmod(path, 0o700)
