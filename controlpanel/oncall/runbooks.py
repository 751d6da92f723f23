"""The runbooks as docs/operations.md has them: one section an alarm, headed by words and the alarm's id."""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_CHAPTER = "\n## Runbooks\n"
# ### The clock is silent (`beat`)
_SECTION = re.compile(r"^### ([^\n]+) \(`([a-z][a-z-]*)`\)\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Runbook:
    """One of them. `id` is the alarm's, `title` says the same in words."""

    id: str
    title: str
    html: SafeString

    @property
    def anchor(self) -> str:
        """Where it stands on the page, without the sharp."""
        return f"runbook-{self.id}"


@cache
def runbooks() -> tuple[Runbook, ...]:
    """All of them, in the order of the document; none where the documents are not installed."""
    path = settings.BASE_DIR / "docs" / "operations.md"
    text = path.read_text() if path.exists() else ""
    sections = _SECTION.findall(text.partition(_CHAPTER)[2])
    return tuple(Runbook(name, title, _rendered(body)) for title, name, body in sections)


def _rendered(body: str) -> SafeString:
    """The document is our own, and no HTML in it is let through."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    return mark_safe(re.sub(r'href="(?!#|https?:)[^"]*"', 'href="#runbooks"', html))  # noqa: S308
