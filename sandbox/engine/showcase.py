"""Set pieces the stand-in can produce on request: Markdown, code, a table, a page, a long text."""

from __future__ import annotations

from pathlib import Path

NAME = "the stand-in engine, no model"

MARKDOWN = """# A Markdown tour

This comes from **the stand-in engine, no model**. It shows what a page must be able to draw.

## Text

*Emphasis*, **strong**, ~~struck~~, `code`, a [link](https://example.com/) and a footnote-like remark.

> A quotation, over
> two lines.

## Lists

1. First
2. Second
   - nested one
   - nested two
3. Third

- [x] a finished task
- [ ] an open task

## Code

```python
def price_of(seconds: float) -> str:
    return f"${seconds * 8 * 0.001261:.2f}"
```

## A table

| part | GPUs | $ per hour |
|---|---:|---:|
| one H200 | 1 | 4.54 |
| the cluster | 8 | 36.32 |

## Formulas

Inline $E = mc^2$ and apart:

$$\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$$

---

Done.
"""

CODE = '''Here is a small Python module, written by the stand-in engine (no model):

```python
"""Count the words of a text."""

from collections import Counter
import re


def word_counts(text: str, *, top: int = 10) -> list[tuple[str, int]]:
    """The `top` most frequent words of `text`, lower-cased, most frequent first."""
    words = re.findall(r"[\\w']+", text.lower())
    return Counter(words).most_common(top)


if __name__ == "__main__":
    sample = "to be or not to be, that is the question"
    for word, count in word_counts(sample, top=3):
        print(f"{count:3d}  {word}")
```

It prints `to`, `be` and `or` with their counts.
'''

TABLE = """A table from the stand-in engine (no model):

| format | memory | GPUs (H200) | accuracy kept |
|---|---:|---:|---:|
| BF16 | about 1.5 TB | 16 | 100 % |
| FP8 | about 700 GB | 8 | 99.2 % |
| INT8 W8A8 | about 750 GB | 8 | 98.6 % |
| INT4 W4A16 | about 400 GB | 4 | 91.4 % |
"""

_SENTENCES = (
    "This sentence was counted out by the stand-in engine, which has no model and knows nothing. ",
    "It exists so that a long answer can be watched while it streams, stopped, resumed and scrolled. ",
    "Every token you see took its turn in a queue, a cache and a pace that imitate the real engine. ",
    "The server behind it costs nothing, since no graphics card is involved in any of these words. ",
    "A page that copes with this text will cope with a real one of the same length. ",
)


def html_page() -> str:
    """A complete small game in one file, fenced as code."""
    page = (Path(__file__).with_name("game.html")).read_text()
    return f"A small game in one HTML file, from {NAME}:\n\n```html\n{page}```\n"


def long_text(words: int) -> str:
    """About so many words, in numbered paragraphs."""
    parts, count, paragraph = list[str](), 0, 0
    while count < words:
        paragraph += 1
        text = f"{paragraph}. " + "".join(_SENTENCES)
        parts.append(text.strip())
        count += len(text.split())
    return f"A long answer from {NAME}.\n\n" + "\n\n".join(parts) + "\n"
