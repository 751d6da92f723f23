"""The allow-list that every rendered reply passes: a second wall behind a renderer without raw HTML."""

import nh3
from pygments.token import STANDARD_TYPES

_TAGS = (
    "a blockquote br button code div em h3 h4 h5 h6 header hr li ol p pre s span strong"
    " table tbody td th thead tr ul"
)
_CLASSES = {
    "a": {"image"},
    "button": {"btn", "quiet", "small"},
    "code": {"math"},
    "div": {"code", "math", "wide"},
    "li": {"task"},
    "span": {"grow", "host", "mark"} | {name for name in STANDARD_TYPES.values() if name},
    "td": {"num", "mid"},
    "th": {"num", "mid"},
}
_ATTRIBUTES = {
    "a": {"href", "target"},
    "button": {"type", "data-copy-code", "data-preview"},
    "div": {"tabindex", "role", "aria-label"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "span": {"role", "aria-label"},
}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    clean_content_tags={"script", "style"},
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    strip_comments=True,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto"},
)


def cleaned(html: str) -> str:
    """`html` with everything outside the allow-list cut away."""
    return _CLEANER.clean(html)
