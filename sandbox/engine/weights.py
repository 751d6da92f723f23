"""The weights cache: whether a model is there, and a tree of tiny files that says it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

# GLM-5.2-FP8's published checkpoint; every model plays this size here.
CHECKPOINT_GIB = 703.74
SHARDS = 141


def snapshot_of(hub: Path, model: str) -> Path | None:
    """The folder with this model's files: a local path itself, or the newest cached snapshot."""
    if Path(model).is_dir():
        return Path(model)
    snapshots = sorted((hub / _folder(model) / "snapshots").glob("*/config.json"))
    return snapshots[-1].parent if snapshots else None


def leave_tree(hub: Path, model: str, revision: str | None = None) -> Path:
    """Write the cache tree of a downloaded model (kilobytes, not gigabytes) and return its snapshot."""
    snapshot = begin_tree(hub, model, revision)
    for index in range(1, SHARDS + 1):
        (snapshot / shard_name(index)).touch()
    finish_tree(snapshot)
    return snapshot


def begin_tree(hub: Path, model: str, revision: str | None = None) -> Path:
    """The snapshot folder of a download that may have begun before; it counts as absent until finished."""
    commit = hashlib.sha1(f"{model}@{revision or 'main'}".encode(), usedforsecurity=False).hexdigest()
    root = hub / _folder(model)
    snapshot = root / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    ref = root / "refs" / (revision or "main")
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(commit)
    return snapshot


def finish_tree(snapshot: Path) -> None:
    """Write the file whose presence says that the download is complete."""
    (snapshot / "config.json").write_text(json.dumps({"architectures": ["GlmMoeDsaForCausalLM"]}))


def shard_name(index: int) -> str:
    """The file name of shard `index`, counted from 1."""
    return f"model-{index:05d}-of-{SHARDS:05d}.safetensors"


def _folder(model: str) -> str:
    return "models--" + model.replace("/", "--")
