"""The stand-in's own tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine.tokens import VOCABULARY, pieces, token_ids


@given(st.text())
def test_pieces_give_the_text_again(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello", ["Hello"]),
        ("What is 2+2?", ["What", " is", " 2", "+", "2", "?"]),
        ("extraordinary", ["extrao", "rdinar", "y"]),
        (
            "[gMASK]<sop><|user|>\nHi<|assistant|><think>",
            [*("[gMASK]", "<sop>", "<|user|>", "\n", "Hi"), *("<|assistant|>", "<think>")],
        ),
        ("a\n\n    b", ["a", "\n\n", "    ", "b"]),
    ],
)
def test_pieces(text: str, parts: list[str]) -> None:
    assert pieces(text) == parts


def test_numbers_are_stable_and_within_the_vocabulary() -> None:
    numbers = token_ids(["Hello", " world", "Hello"])
    assert numbers[0] == numbers[2] != numbers[1]
    assert all(0 <= number < VOCABULARY for number in numbers)
