"""The complete HTML pages in a reply. Pure."""

import re
from dataclasses import dataclass
from html import unescape

from chat.markdown.code import is_page
from chat.markdown.rendering import fences

_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})</title", re.IGNORECASE)
_HINT = re.compile(r"</html\s*>", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """The `n`-th (from 0) complete page of a reply. `title` is the model's word, never to be trusted."""

    n: int
    title: str
    source: str

    @property
    def file_name(self) -> str:
        """A harmless name for a download: keep-the-flame.html."""
        return (_NOT_IN_NAMES.sub("-", self.title.lower()).strip("-")[:60] or "page") + ".html"

    @property
    def lines(self) -> int:
        """How many lines the source has."""
        return len(self.source.splitlines())


def html_pages(text: str) -> list[HtmlPage]:
    """Every complete page in the Markdown of a reply, in order; cheap for replies without any."""
    if not _HINT.search(text):
        return []
    sources = [source for source in fences(text) if is_page(source)]
    return [HtmlPage(n, _title(source), source) for n, source in enumerate(sources)]


def _title(source: str) -> str:
    found = _TITLE.search(source)
    return " ".join(unescape(found[1]).split()) if found else ""
