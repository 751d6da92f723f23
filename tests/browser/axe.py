"""axe-core on a page: its script runs past the content policy, as what a debugger evaluates does."""

from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from playwright.sync_api import Page

PACKAGE = "axe_playwright_python"
THERE = find_spec(PACKAGE) is not None
# Best practices of axe that the house does otherwise: a dialog and a live region stand outside the landmarks.
_RULES = {"region": {"enabled": False}}
_RUN = "rules => axe.run(document, {rules, resultTypes: ['violations']})"


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a sentence each; nothing where the package is not installed (a test says so)."""
    if not THERE:
        return []
    page.evaluate(files(PACKAGE).joinpath("axe.min.js").read_text())
    found: dict[str, Any] = page.evaluate(_RUN, _RULES)
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})"
        for one in found["violations"]
    ]
