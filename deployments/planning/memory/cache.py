"""What one token costs in the cache of one rank."""

from math import ceil

from .shape import Shape

# Bytes of one number in the cache, by vLLM's `--kv-cache-dtype`; None and `auto` are the model's own 2 bytes.
ELEMENT_BYTES = {
    None: 2.0, "auto": 2.0, "bfloat16": 2.0, "float16": 2.0, "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0,
    "fp8_inc": 1.0, "fp8_ds_mla": 1.0,
}  # fmt: skip
# On Hopper vLLM keeps a latent row with fp8 as 512 bytes, four 32-bit scales and 64 rope numbers of 2 bytes
# (`fp8_ds_mla`, the FLASHMLA_SPARSE backend; "Using fp8_ds_mla KV cache format" on an H200): 656 bytes.
HOPPER_SCALES_BYTES, HOPPER_ROPE_BYTES = 16, 2
HOPPER = ("H100", "H200", "H20", "GH200")
# An indexer keeps one fp8 row per token with one 32-bit scale: 132 bytes for a width of 128.
INDEXER_SCALE_BYTES = 4


def token_bytes(
    shape: Shape, *, ranks: int, kv_cache_dtype: str | None, gpu_type: str, drafting: bool
) -> int:
    """Bytes per token and rank, in layers that keep every token; with the draft layers where `drafting`.

    Grouped heads are divided over the ranks, but never below one head. A latent row is the same for all heads
    and lies whole on every rank. Checked with engines' own lines in the tests.
    """
    kept = shape.layers - shape.sliding_layers - shape.stateful_layers
    layers = kept + (shape.draft_layers if drafting else 0)
    total = layers * layer_bytes(shape, ranks=ranks, kv_cache_dtype=kv_cache_dtype, gpu_type=gpu_type)
    if shape.indexer is not None:
        indexing = shape.indexer.layers + (shape.draft_layers if drafting else 0)
        total += indexing * (shape.indexer.head_dim + INDEXER_SCALE_BYTES)
    return total


def layer_bytes(shape: Shape, *, ranks: int, kv_cache_dtype: str | None, gpu_type: str) -> int:
    """Bytes of one token in one layer of one rank."""
    element = ELEMENT_BYTES.get(kv_cache_dtype, 2.0)
    latent = shape.latent
    if latent is None:
        heads = max(1, ceil(shape.kv_heads / ranks))
        return int(2 * shape.head_dim * heads * element)
    if element == 1.0 and shape.indexer is not None and gpu_type.strip().upper().rstrip("!") in HOPPER:
        return latent.kv_rank + HOPPER_SCALES_BYTES + latent.rope * HOPPER_ROPE_BYTES
    return int((latent.kv_rank + latent.rope) * element)


def request_bytes(shape: Shape, tokens: int, *, per_token: int, per_layer: int) -> int:
    """The cache of one request of so many tokens: sliding layers keep their window alone."""
    return tokens * per_token + min(tokens, shape.window) * shape.sliding_layers * per_layer
