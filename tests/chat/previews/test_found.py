"""Which replies hold a page that can be shown."""

import pytest

from chat.previews.found import html_pages
from sandbox.engine.showcase import html_page

WHOLE = "<!doctype html>\n<html><title>Tiny &amp; <b>x</title><p>hi</p></html>\n"


def test_the_game_of_the_stand_in_is_found() -> None:
    (page,) = html_pages(html_page())
    assert (page.n, page.title, page.file_name) == (0, "Keep the flame", "keep-the-flame.html")
    assert page.source.endswith("</html>\n")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"```html\n{WHOLE}```", 1),
        (f"```\n{WHOLE}```", 1),
        (WHOLE, 1),
        (f"Here:\n\n{WHOLE}\nDone.", 1),
        (f"```html\n{WHOLE}```\nor\n```html\n{WHOLE}```", 2),
        ("```html\n<p>only a part</p>\n```", 0),
        ("```html\n<!doctype html><html><p>not finished", 0),
        ("```python\nprint('</html>')\n```", 0),
        ("No page, but </html> is mentioned.", 0),
        ("", 0),
    ],
)
def test_complete_pages_are_counted(text: str, count: int) -> None:
    assert [page.n for page in html_pages(text)] == list(range(count))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "page.html"),
        ("../../etc/passwd", "etc-passwd.html"),
        ('a"; x=y', "a-x-y.html"),
        ("Ä", "page.html"),
    ],
)
def test_names_of_files_are_harmless(title: str, name: str) -> None:
    (page,) = html_pages(f"<!doctype html><html><title>{title}</title></html>")
    assert page.file_name == name
