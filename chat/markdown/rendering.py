"""From Markdown to HTML."""

from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from .allowed import cleaned
from .characters import plain
from .code import code_block
from .links import allowed, host_of, says_where
from .rules import add_rules

VERSION = 1  # raised when the HTML changes, so that what was stored is rendered again
_ALIGN = {"text-align:right": "num", "text-align:center": "mid"}


def render(text: str) -> str:
    """The whole text as safe HTML."""
    return render_plain(plain(text))


def render_plain(text: str) -> str:
    """The same for text that `characters.plain` has been through."""
    return cleaned(_MD.render(text))


def fences(text: str) -> list[str]:
    """The contents of all code blocks, in order."""
    return [token.content for token in _MD.parse(plain(text)) if token.type == "fence"]


class _Renderer(RendererHTML):
    """What differs from markdown-it: everything below can stand in a page with a strict content policy."""

    def fence(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """A fenced block."""
        return code_block(tokens[index].content, tokens[index].info)

    def code_block(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """An indented block."""
        return code_block(tokens[index].content, "")

    def image(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """Nothing is fetched for a reader who did not ask: an image is a link that names its host."""
        token = tokens[index]
        address = str(token.attrs.get("src", ""))
        alt = " ".join(token.content.split()) or "no description"
        return _link_open(address, "image") + f"image: {escape(alt)}</a>{_host(address)}"

    def link_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """Links open elsewhere and carry nothing along."""
        return _link_open(str(tokens[index].attrs.get("href", "")))

    def link_close(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """The host is named where the text does not say it."""
        opening = _opening(tokens, index)
        address = str(tokens[opening].attrs.get("href", ""))
        text = "".join(token.content for token in tokens[opening + 1 : index])
        return "</a>" + ("" if says_where(text, address) else _host(address))

    def heading_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """The page has its own first and second heading."""
        return f"<{_heading(tokens[index])}>"

    def heading_close(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """See heading_open."""
        return f"</{_heading(tokens[index])}>\n"

    def table_open(self, *_: Any) -> str:
        """A wide table scrolls by itself, by keyboard too."""
        return '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n'

    def table_close(self, *_: Any) -> str:
        """See table_open."""
        return "</table></div>\n"

    def formula(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """A formula inside a line, as it was written."""
        return f'<code class="math">{escape(tokens[index].content, quote=False)}</code>'

    def formula_block(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """A formula of its own, as it was written."""
        content = escape(tokens[index].content.strip("\n"), quote=False)
        code = f'<code class="math">{content}</code>'
        return f'<div class="math" tabindex="0" role="group" aria-label="Formula">{code}</div>\n'

    def task_mark(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """The box of a task."""
        word = tokens[index].content
        sign = "☑" if word == "done" else "☐"
        return f'<span class="mark" role="img" aria-label="{word}">{sign}</span> '

    @staticmethod
    def renderAttrs(token: Token) -> str:
        """A cell's alignment as a class: style attributes are not allowed."""
        if token.type in ("td_open", "th_open"):
            name = _ALIGN.get(str(token.attrs.get("style", "")))
            return f' class="{name}"' if name else ""
        return RendererHTML.renderAttrs(token)


def _link_open(address: str, name: str = "") -> str:
    of_class = f' class="{name}"' if name else ""
    return f'<a{of_class} href="{escape(address)}" target="_blank">'


def _host(address: str) -> str:
    return f' <span class="host">({escape(host_of(address))})</span>'


def _opening(tokens: Sequence[Token], closing: int) -> int:
    """Links do not nest, so the nearest opening is this one's."""
    return next(n for n in range(closing, -1, -1) if tokens[n].type == "link_open")


def _heading(token: Token) -> str:
    return f"h{min(6, int(token.tag[1]) + 2)}"


def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer)
    md.enable(["table", "strikethrough"])
    md.validateLink = allowed  # type: ignore[method-assign,assignment]
    add_rules(md)
    return md


_MD = _parser()
