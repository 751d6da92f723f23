"""The table through vLLM's own argument parser: its verdicts and ours agree."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from deployments.engines.catalogue import nearest
from deployments.engines.validation import Context, Level, findings
from deployments.engines.vllm import settings_flags

from .verdicts import BEYOND, PARSER, RIGHT, spec

SCRIPT = Path(__file__).parents[3] / "vllm" / "parse_argvs.py"
VERSION = "0.32.0"

pytestmark = pytest.mark.vllm


@pytest.mark.skipif(not os.environ.get("PILOTLIGHT_TEST_VLLM"), reason="needs a real vLLM; make test-vllm")
def test_verdicts_agree_with_the_real_parser():
    changes = [change for change, _, _ in PARSER + BEYOND] + list(RIGHT)
    specs = [spec(change, VERSION) for change in changes]
    argvs = [[one.model, *settings_flags(one), *one.extra_flags] for one in specs]
    python = Path(os.environ["PILOTLIGHT_TEST_VLLM"]).with_name("python")
    asked = subprocess.run(
        [python, SCRIPT], input=json.dumps(argvs), capture_output=True, text=True, check=True
    )
    real = json.loads(asked.stdout)
    context = Context(nearest(VERSION))
    ours = [
        [found.words for found in findings(one, context) if found.by_parser and found.level is Level.ERROR]
        for one in specs
    ]
    differing = [row for row in zip(changes, real, ours, strict=True) if bool(row[1]) != bool(row[2])]
    assert differing == []
    assert sum(1 for words in real if words) >= len(PARSER) - 2
