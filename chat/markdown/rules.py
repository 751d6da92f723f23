"""Rules beyond CommonMark: whole HTML pages outside a fence, formulas, task lists."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from .starts import begins_page, ends_page, formula_end

_INTERRUPTS = {"alt": ["paragraph", "reference", "blockquote", "list"]}
# $x$ opens before a character and closes after one, not before a digit: "$5 and $10" are amounts.
_INLINE = re.compile(
    r"\$\$(?P<a>[^$]{1,1000})\$\$|\$(?P<b>[^\s$](?:[^$\n]{0,500}[^\s$\\])?)\$(?!\d)"
    r"|\\\((?P<c>.{1,500}?)\\\)|\\\[(?P<d>.{1,500}?)\\\]",
    re.DOTALL,
)
# Some marks cost the parser quadratic time; no honest paragraph is this long, and the cost stays bounded.
INLINE_MOST = 8_000
_TASK = re.compile(r"\[([ xX])\]\s+")


def add_rules(md: MarkdownIt) -> None:
    """Teach `md` all of them."""
    md.block.ruler.before("fence", "bare_page", _bare_page, _INTERRUPTS)  # type: ignore[arg-type]
    md.block.ruler.before("fence", "formula", _formula, _INTERRUPTS)  # type: ignore[arg-type]
    md.inline.ruler.before("escape", "formula", _inline_formula)
    md.core.ruler.at("inline", _inline)
    md.core.ruler.after("inline", "tasks", _tasks)


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _bare_page(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Models often answer with a page and nothing else; it is shown as code, and can be previewed."""
    if state.is_code_block(start) or not begins_page(_line(state, start)):
        return False
    if silent:
        return True
    last = start
    while not ends_page(_line(state, last)) and last + 1 < end and _within(state, last + 1):
        last += 1
    text = state.getLines(start, last + 1, state.blkIndent, True)
    _block(state, "fence", start, last + 1, text).info = "html"
    return True


def _formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A displayed formula between lines of $$, or of \\[ and \\]; unclosed, it lasts as a fence does."""
    closing = formula_end(_line(state, start))
    if closing is None or state.is_code_block(start):
        return False
    if silent:
        return True
    last = start + 1
    while last < end and _within(state, last) and _line(state, last).strip() != closing:
        last += 1
    text = state.getLines(start + 1, last, state.blkIndent, False)
    closed = last < end and _within(state, last)
    _block(state, "formula_block", start, last + closed, text)
    return True


def _within(state: StateBlock, number: int) -> bool:
    """False for the first line that the list or quote around does not hold."""
    return state.isEmpty(number) or state.sCount[number] >= state.blkIndent


def _block(state: StateBlock, kind: str, start: int, after: int, content: str) -> Token:
    token = state.push(kind, "", 0)
    token.content, token.map = content, [start, after]
    state.line = after
    return token


def _inline_formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = _INLINE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _inline(state: StateCore) -> None:
    """What stands inside a paragraph; a monstrous one stays plain text."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if len(token.content) > INLINE_MOST:
            token.children = [Token("text", "", 0, content=token.content)]
        else:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _tasks(state: StateCore) -> None:
    """`- [x] done` gets a mark instead of its brackets."""
    tokens = state.tokens
    for item, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open" or not inline.children:
            continue
        first = inline.children[0]
        found = _TASK.match(first.content) if first.type == "text" else None
        if found:
            item.attrSet("class", "task")
            first.content = first.content[found.end() :]
            mark = Token("task_mark", "", 0)
            mark.content = "open" if found[1] == " " else "done"
            inline.children.insert(0, mark)
