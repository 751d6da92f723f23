"""Progress bars in a log: of the many states of one bar only some are worth a line. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# `label:  33%|███▎      | 4/12 [...]` (tqdm) and `label:  50% Completed | 1/2 [...]` (vLLM's own form of it).
_BAR = re.compile(r"(?P<label>.{0,120}?):?\s+\d{1,3}%\s*(?:Completed\s*)?\|")


@dataclass(slots=True)
class _Speaker:
    """What one container said last: where the newest state of each bar under way is, as `~place` where that
    is also its first."""

    newest: dict[str, int]
    whole: bool = False  # a line that is no bar was seen before: the bars' beginnings are in view


def bar_label(text: str) -> str | None:
    """The label of the bar of which this line is a state; None for every other line."""
    if "%" not in text:
        return None
    found = _BAR.match(text.lstrip("\r").rpartition("\r")[2])
    return found["label"].strip() if found else None


def superseded(lines: Sequence[tuple[str, str]]) -> set[int]:
    """Which of `(speaker, text)` are states of a bar that a later state follows: all but the first and the
    last of each.

    A block of bars ends where the same speaker says anything else. The first state of a block that the window
    cut off is dropped too, since an earlier window has kept the true one.
    """
    dropped: set[int] = set()
    speakers: dict[str, _Speaker] = {}
    for place, (name, text) in enumerate(lines):
        speaker = speakers.setdefault(name, _Speaker({}))
        label = bar_label(text)
        if label is None:
            speaker.newest, speaker.whole = {}, True
        else:
            dropped.update(_dropped(speaker, label))
            speaker.newest[label] = place if label in speaker.newest or not speaker.whole else ~place
    return dropped


def _dropped(speaker: _Speaker, label: str) -> Iterator[int]:
    """The state before this one, unless it opened its bar (kept as `~place`)."""
    before = speaker.newest.get(label, -1)
    if before >= 0:
        yield before
