"""A reply in pieces shows in the end what the whole would, and never costs more than once."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.markdown import render
from chat.markdown.blocks import BlockSplitter, Finished, Open, Piece
from sandbox.engine.showcase import CODE, MARKDOWN, html_page, long_text

_LINES = [
    "```", "```python", "~~~", "````", "# H", "Setext", "===", "---", "***", "- a", "  - b", "    - c",
    "1. one", "2) two", "10. ten", "   cont", "    code", "\tcode", "> q", ">", "> ```", "> - a", "text",
    "text **b", "*c* `d", "| a | b |", "|---|--:|", "| 1 | 2 |", "|x|", "$$", "  $$", "\\[", "\\]",
    "$$ x $$", "<!doctype html>", "<html>", "</html>", "<p>", "", "", "", " ", "- ", "-", "+ p",
    "[x](http://a.b)", "  ```", "   ```js", "- ```", "*", "_ _ _", "1.", "-- -", "\u202e", "\u0000", "\r",
    "- [ ] t", "-     c",
]  # fmt: skip
LINES = st.sampled_from(_LINES)
PIECES = st.lists(st.integers(1, 12), min_size=1, max_size=6)


def fed(text: str, sizes: list[int]) -> list[Piece]:
    splitter, pieces, at, turn = BlockSplitter(), list[Piece](), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        pieces += splitter.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return pieces + splitter.finish()


def final(pieces: list[Piece]) -> str:
    blocks = {piece.n: piece.html for piece in pieces if isinstance(piece, Finished)}
    return "".join(blocks[n] for n in sorted(blocks))


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=14).map("\n".join), PIECES)
def test_the_blocks_together_are_the_whole(text: str, sizes: list[int]) -> None:
    assert final(fed(text, sizes)) == render(text)


@pytest.mark.parametrize("text", [MARKDOWN, CODE, html_page(), long_text(300)])
@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_real_replies_come_out_whole(text: str, size: int) -> None:
    assert final(fed(text, [size])) == render(text)


def test_open_text_is_what_has_been_written() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("Hel") == [Open(0, "Hel", reset=False)]
    assert splitter.feed("lo") == [Open(0, "lo", reset=False)]
    assert splitter.feed("\n\n# Ne") == [Finished(0, "<p>Hello</p>\n"), Open(1, "# Ne", reset=True)]
    assert splitter.feed("xt\n") == [Finished(1, "<h3>Next</h3>\n")]
    assert splitter.finish() == []


def test_a_long_list_is_a_list_before_it_is_over() -> None:
    pieces = fed("".join(f"- item {n} of many\n" for n in range(60)), [16])
    versions = [piece for piece in pieces if isinstance(piece, Finished)]
    assert {piece.n for piece in versions} == {0}
    assert 3 < len(versions) < 20


def test_open_text_shows_no_control_that_reorders() -> None:
    assert BlockSplitter().feed("a\u202eb") == [Open(0, "a‹U+202E›b", reset=False)]


@pytest.mark.parametrize("line", ["x = 1\n", "- item\n", "word ", "| a | b |\n", "> q\n"])
def test_each_character_costs_the_same(line: str) -> None:
    """A block ten times as long may cost about ten times as much, not a hundred."""

    def cost_s(count: int) -> float:
        began = time.process_time()
        fed("```python\n" * (line == "x = 1\n") + line * count, [5])
        return time.process_time() - began

    cost_s(200)
    small, large = max(cost_s(1_000), 0.01), cost_s(10_000)
    assert large < small * 40
