"""Whole blocks of prompts, remembered."""

from sandbox.engine.prefix_cache import BLOCK_TOKENS, PrefixCache

PROMPT = [f" t{n}" for n in range(BLOCK_TOKENS * 3 + 5)]


def test_only_whole_blocks_are_cached() -> None:
    cache = PrefixCache(10_000)
    assert cache.take(PROMPT) == (0, 3 * BLOCK_TOKENS)
    assert cache.take(PROMPT) == (3 * BLOCK_TOKENS, 0)


def test_a_different_beginning_shares_nothing() -> None:
    cache = PrefixCache(10_000)
    cache.take(PROMPT)
    assert cache.take(["other", *PROMPT[1:]])[0] == 0


def test_a_different_end_shares_the_beginning() -> None:
    cache = PrefixCache(10_000)
    cache.take(PROMPT)
    changed = [*PROMPT[: BLOCK_TOKENS * 2], *(["x"] * (BLOCK_TOKENS + 5))]
    assert cache.take(changed) == (2 * BLOCK_TOKENS, BLOCK_TOKENS)


def test_the_last_token_is_always_computed() -> None:
    cache = PrefixCache(10_000)
    exact = PROMPT[: BLOCK_TOKENS * 2]
    cache.take(exact)
    assert cache.take(exact)[0] == BLOCK_TOKENS


def test_the_least_recently_used_is_forgotten() -> None:
    cache = PrefixCache(BLOCK_TOKENS * 3)
    cache.take(PROMPT)
    cache.take([f" u{n}" for n in range(BLOCK_TOKENS * 3 + 1)])
    assert cache.take(PROMPT)[0] == 0


def test_turned_off_it_remembers_nothing() -> None:
    cache = PrefixCache(10_000, enabled=False)
    cache.take(PROMPT)
    assert cache.take(PROMPT) == (0, 0)
