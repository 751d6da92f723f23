"""The runbooks as docs/operations.md has them: one section an alarm, each with a name."""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_SECTION = re.compile(r"^### Runbook: ([a-z][a-z-]*)\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Runbook:
    """One of them; `anchor` is what GitHub makes of its heading."""

    id: str
    html: SafeString

    @property
    def anchor(self) -> str:
        """Without the sharp."""
        return f"runbook-{self.id}"


@cache
def runbooks() -> tuple[Runbook, ...]:
    """All of them, in the order of the document; none where the documents are not installed."""
    path = settings.BASE_DIR / "docs" / "operations.md"
    text = path.read_text() if path.exists() else ""
    return tuple(Runbook(name, _rendered(body)) for name, body in _SECTION.findall(text))


def _rendered(body: str) -> SafeString:
    """The document is our own, and no HTML in it is let through."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    return mark_safe(re.sub(r'href="(?!#|https?:)[^"]*"', 'href="#runbooks"', html))  # noqa: S308
