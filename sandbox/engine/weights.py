"""The weights cache: whether a model is there, and a tree of tiny files that says it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

# GLM-5.2-FP8's published checkpoint; every model plays this size here.
CHECKPOINT_GIB = 703.74
SHARDS = 141
# Its sizes as published, which every model plays, too.
SIZES = {
    "architectures": ["GlmMoeDsaForCausalLM"], "vocab_size": 154880, "hidden_size": 6144,
    "intermediate_size": 12288, "moe_intermediate_size": 2048, "num_hidden_layers": 78,
    "num_attention_heads": 64, "num_key_value_heads": 64, "n_shared_experts": 1, "n_routed_experts": 256,
    "kv_lora_rank": 512, "q_lora_rank": 2048, "qk_rope_head_dim": 64, "v_head_dim": 256,
    "qk_nope_head_dim": 192, "first_k_dense_replace": 3, "index_head_dim": 128, "index_n_heads": 32,
    "index_topk_freq": 4, "index_skip_topk_offset": 3, "num_nextn_predict_layers": 1,
    "max_position_embeddings": 1048576, "quantization_config": {"quant_method": "fp8"},
}  # fmt: skip


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
    (snapshot / "config.json").write_text(json.dumps(SIZES))


def shard_name(index: int) -> str:
    """The file name of shard `index`, counted from 1."""
    return f"model-{index:05d}-of-{SHARDS:05d}.safetensors"


def _folder(model: str) -> str:
    return "models--" + model.replace("/", "--")
