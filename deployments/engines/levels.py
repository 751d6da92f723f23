"""How grave a line is, by what it begins with. Pure."""

import re

INFO, WARNING, ERROR = "I", "W", "E"

# vLLM writes the level as a word of its own ("(APIServer pid=4) INFO 11-23 16:41:22 [x.py:1] ..."); Python's
# tracebacks and the panel's own lines name an error in theirs. Only the line's beginning counts, so that an
# INFO line that quotes an error stays what it is.
_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
_ERROR = re.compile(r"^\W*(?:\(\S+ pid=\d+\) )?(?:Traceback \(most recent|[\w.]*(?:Error|Exception)\b: )")
_BEGINNING = 60
_LETTERS = {
    "DEBUG": INFO,
    "INFO": INFO,
    "WARNING": WARNING,
    "WARN": WARNING,
    "ERROR": ERROR,
    "CRITICAL": ERROR,
    "FATAL": ERROR,
}


def level_of(text: str) -> str:
    """I, W or E."""
    found = _LEVEL.search(text[:_BEGINNING])
    if found:
        return _LETTERS[found[1]]
    return ERROR if _ERROR.match(text) else INFO
