"""Why a phase of a start that became ready was slow, by the lines that say so. Data, as the rules are."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlowCause:
    """What a line says of a slow phase. `codes` are rules whose finding says the same; `needle` is a text
    that the line has, for a search in the database, and `pattern` what it must match."""

    phase: str
    words: str
    codes: frozenset[str] = frozenset()
    needle: str = ""
    pattern: re.Pattern[str] = field(default=re.compile(""))


def _line(phase: str, words: str, needle: str, pattern: str) -> SlowCause:
    return SlowCause(phase, words, needle=needle, pattern=re.compile(pattern))


# Of each phase the most telling first.
CAUSES: tuple[SlowCause, ...] = (
    SlowCause("weights", "prefetch did not happen", codes=frozenset({"no-prefetch"})),
    SlowCause(
        "weights",
        "too little main memory to read them ahead",
        codes=frozenset({"main-memory-short-for-prefetch"}),
    ),
    # (source) vLLM says it after a fetch; a volume that has the files already says nothing of the kind.
    _line(
        "download",
        "the weights were not in the volume and were fetched",
        "Time spent downloading weights",
        r"Time spent downloading weights for ",
    ),
    _line(
        "weights",
        "the weights were not in the volume and were fetched",
        "Time spent downloading weights",
        r"Time spent downloading weights for ",
    ),
    # (source) said once for each range that is compiled; a warm cache says "Directly load".
    _line(
        "compile",
        "the compile cache was empty, so the graphs were compiled anew",
        "Compiling a graph for",
        r"(?:\[[^\]]*\] )?Compiling a graph for ",
    ),
)


def causes_of(phase: str) -> list[SlowCause]:
    """Those that can have made this phase slow."""
    return [cause for cause in CAUSES if cause.phase == phase]
