"""Which prompt prefixes are in the KV cache, by blocks, as the real one counts them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

BLOCK_TOKENS = 64


class PrefixCache:
    """Remembers whole blocks of prompts; the least recently used ones are forgotten first."""

    def __init__(self, capacity_tokens: int, *, enabled: bool = True) -> None:
        self._capacity = max(1, capacity_tokens // BLOCK_TOKENS)
        self._blocks: OrderedDict[int, None] = OrderedDict()
        self._enabled = enabled

    def take(self, prompt: Sequence[str]) -> tuple[int, int]:
        """Tokens of this prompt that were cached, and tokens now cached anew. The last one never is."""
        if not self._enabled:
            return 0, 0
        hashes = _block_hashes(prompt)
        # The last token must be computed, so that there is something to sample from.
        usable = (len(prompt) - 1) // BLOCK_TOKENS
        hits = 0
        while hits < min(usable, len(hashes)) and hashes[hits] in self._blocks:
            hits += 1
        for block in hashes:
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self._capacity:
            self._blocks.popitem(last=False)
        return hits * BLOCK_TOKENS, (len(hashes) - hits) * BLOCK_TOKENS


def _block_hashes(prompt: Sequence[str]) -> list[int]:
    """A hash per whole block, each of everything up to its end."""
    hashes, running = list[int](), 0
    for start in range(0, len(prompt) - BLOCK_TOKENS + 1, BLOCK_TOKENS):
        running = hash((running, *prompt[start : start + BLOCK_TOKENS]))
        hashes.append(running)
    return hashes
