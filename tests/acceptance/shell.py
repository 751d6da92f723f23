"""Python in a panel's own surroundings, asked again and again: a new process costs seconds."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A line of JSON in is code; a line of JSON out is what it printed, and its traceback. What else is printed
# there (a log, at exit) goes to the other output.
_LOOP = """
import contextlib, io, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import django
django.setup()
from django.db import connections
for line in sys.stdin:
    said, failure = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(json.loads(line), {})
    except Exception:
        failure = traceback.format_exc()
    connections.close_all()
    print(json.dumps([said.getvalue(), failure]), file=answers, flush=True)
"""


class Shell:
    """One such process; started by the first question, and gone with `close`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, "DJANGO_SETTINGS_MODULE": "controlpanel.settings"}
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def run(self, code: str) -> str:
        """What `code` printed; AssertionError with its traceback where it failed."""
        with self._one_at_a_time:
            asked = self._started()
            assert asked.stdin
            assert asked.stdout
            print(json.dumps(code), file=asked.stdin, flush=True)
            answer = asked.stdout.readline()
        assert answer, "the shell has ended"
        said, failure = json.loads(answer)
        assert not failure, failure
        return str(said).strip()

    def close(self) -> None:
        """It ends when nobody asks any more."""
        if self._process is not None:
            self._process.communicate(timeout=30)
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _LOOP], cwd=ROOT, env=self._environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        return self._process
