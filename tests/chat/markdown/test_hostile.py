"""Hostile replies, judged by what a parser finds in the result, not by patterns in its text."""

import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from chat.markdown import render
from chat.markdown.blocks import BlockSplitter, Finished

from .hostile import TABLE

_TAGS = (
    "a blockquote br button code div em h3 h4 h5 h6 header hr li ol p pre s span strong table tbody td th"
    " thead tr ul"
)
TAGS = set(_TAGS.split())
_ATTRIBUTES = "href rel target class type data-copy-code data-preview tabindex role aria-label start"
ATTRIBUTES = set(_ATTRIBUTES.split())


class Found(HTMLParser):
    """Tags, attributes and links of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def streamed(text: str) -> str:
    splitter, blocks = BlockSplitter(), dict[int, str]()
    pieces = [piece for at in range(0, len(text), 7) for piece in splitter.feed(text[at : at + 7])]
    for piece in [*pieces, *splitter.finish()]:
        if isinstance(piece, Finished):
            blocks[piece.n] = piece.html
    return "".join(blocks.values())


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("how", [render, streamed])
def test_only_what_is_allowed_comes_out(name: str, how: object) -> None:
    began = time.process_time()
    found = Found(how(TABLE[name]))  # type: ignore[operator]
    assert time.process_time() - began < 2
    assert found.tags <= TAGS
    assert found.attributes <= ATTRIBUTES
    for link in found.links:
        parts = urlsplit(link["href"] or "")
        assert parts.scheme in ("http", "https", "mailto")
        assert link["rel"] == "noopener noreferrer nofollow"
        assert link["target"] == "_blank"


@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("bidi")])
def test_what_reorders_text_is_spelled_out(name: str) -> None:
    text = "".join(Found(render(TABLE[name])).texts)
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
    assert "‹U+20" in text


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("text says another host", "(evil.test)"),
        ("image", "(evil.test)"),
        ("homograph", "(xn--80ak6aa92e.com)"),
    ],
)
def test_links_say_where_they_lead(name: str, host: str) -> None:
    assert host in render(TABLE[name])


@pytest.mark.parametrize(
    "name",
    ["into the panel", "into the panel, relative", "protocol relative", "user in the host", "javascript"],
)
def test_these_are_no_links(name: str) -> None:
    assert Found(render(TABLE[name])).links == []


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 60
