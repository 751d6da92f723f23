"""What a reader gets to see of ordinary Markdown."""

import pytest

from chat.markdown import render
from chat.markdown.code import HIGHLIGHT_MOST
from sandbox.engine.showcase import MARKDOWN


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Big", "<h3>Big</h3>"),
        ("###### Small", "<h6>Small</h6>"),
        ("a **b** *c* ~~d~~ `e`", "a <strong>b</strong> <em>c</em> <s>d</s> <code>e</code>"),
        ("3. three\n4. four", '<ol start="3">'),
        ("- [x] done\n- [ ] not", '<span class="mark" role="img" aria-label="done">☑</span> done'),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", '<td class="num">2</td>'),
        ("$a_1$ and $b_1$", '<code class="math">$a_1$</code> and <code class="math">$b_1$</code>'),
        ("$$\na\n\nb\n$$", '<code class="math">a\n\nb</code>'),
        ("\\[\nx\n\\]", '<code class="math">x</code>'),
        ("It costs $5 and then $10.", "<p>It costs $5 and then $10.</p>"),
        ("[docs](https://docs.example.org/a)", '</a> <span class="host">(docs.example.org)</span>'),
        ("[docs.example.org](https://docs.example.org/a)", "docs.example.org</a></p>"),
        ("<https://example.org/a>", "https://example.org/a</a></p>"),
        ("Write to [us](mailto:a@example.org)", '<span class="host">(a@example.org)</span>'),
        ("![a cat](https://example.org/c.png)", "image: a cat</a>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("a\r\nb\rc", "<p>a\nb\nc</p>"),
    ],
)
def test_it_becomes(text: str, html: str) -> None:
    assert html in render(text)


def test_code_is_coloured_by_classes() -> None:
    html = render("```python\ndef f(): return 1\n```")
    assert '<span class="k">def</span>' in html
    assert '<span class="grow">python</span>' in html
    assert "style=" not in html


def test_unknown_languages_stay_plain() -> None:
    assert "<code>IDENTIFICATION DIVISION.\n</code>" in render("```cobol\nIDENTIFICATION DIVISION.\n```")


def test_very_long_code_is_not_coloured() -> None:
    assert '<span class="' not in render(
        "```python\n" + "x = 1\n" * (HIGHLIGHT_MOST // 6 + 1) + "```"
    ).replace('<span class="grow">', "")


def test_a_bare_page_is_shown_as_code_that_can_be_previewed() -> None:
    html = render("Here:\n\n<!DOCTYPE html>\n<html>\n\n<p>**x**</p>\n</html>\n\nDone *now*.")
    assert "data-preview" in html
    assert "<strong>" not in html
    assert "<p>Done <em>now</em>.</p>" in html


def test_the_tour_of_the_stand_in_is_drawn_in_full() -> None:
    html = render(MARKDOWN)
    for tag in ("<h3>", "<h4>", "<blockquote>", "<ol>", "<ul>", "<table>", "<hr>", "<pre", "<s>"):
        assert tag in html
