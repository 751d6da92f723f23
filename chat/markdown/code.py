"""Code blocks: a head with the language and a copy button, and the code in classes of colour."""

from functools import lru_cache
from html import escape

from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from .starts import begins_page, ends_page

# About 70 ms of one core at the most; a longer block is shown plain rather than holding up other replies.
HIGHLIGHT_MOST = 20_000
# Only what people ask for: a lexer that nobody needs is only a way to be slow.
_LANGUAGES = (
    "bash c c++ clojure cmake cpp cs csharp css cuda dart diff docker dockerfile elixir erlang go graphql"
    " groovy haskell hcl html http ini java javascript js json jsonc jsx julia kotlin kt lua make makefile"
    " markdown md nginx nix objc ocaml perl php powershell proto protobuf ps1 py python py3 r rb rs ruby"
    " rust scala scss sh shell sql swift terraform tex toml ts tsx typescript vim xml yaml yml zig zsh"
)
LANGUAGES = frozenset(_LANGUAGES.split())
_ALIASES = {"jsonc": "json", "kt": "kotlin", "proto": "protobuf", "terraform": "hcl", "zsh": "bash"}
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


def code_block(code: str, info: str) -> str:
    """The block as HTML. `info` is what stood after the fence, hostile as everything."""
    language = info.split()[0].lower()[:30] if info.split() else ""
    page = is_page(code)
    lines = code.count("\n") + (not code.endswith("\n"))
    said = f"{language or 'text'}, {lines} lines" if lines > 20 else language or "text"
    preview = '<button class="btn quiet small" type="button" data-preview>Preview</button>' if page else ""
    return (
        f'<div class="code"><header><span class="grow">{escape(said)}</span>{preview}'
        '<button class="btn quiet small" type="button" data-copy-code>Copy</button></header>'
        f'<pre tabindex="0"><code>{_coloured(code, language)}</code></pre></div>\n'
    )


def is_page(code: str) -> bool:
    """True for a complete HTML page, which can be previewed."""
    head = code.lstrip()[:2000].lower()
    begins = any(begins_page(line.lstrip()) for line in head.splitlines())
    return begins and ends_page(code[-2000:])


def _coloured(code: str, language: str) -> str:
    if language not in LANGUAGES or len(code) > HIGHLIGHT_MOST:
        return escape(code, quote=False)
    lexer = _lexer(language)
    if lexer is None:
        return escape(code, quote=False)
    pieces: list[str] = []
    _FORMATTER.format(lexer.get_tokens(code), _Pieces(pieces))
    return "".join(pieces)


class _Pieces:
    """The one method of a file that the formatter asks for."""

    def __init__(self, pieces: list[str]) -> None:
        self.write = pieces.append


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(_ALIASES.get(language, language), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
