"""The tables through vLLM's own argument parser and configuration classes: their verdicts and ours agree."""

import json
import os
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deployments.engines.catalogue import nearest
from deployments.engines.inner import Field
from deployments.engines.validation import Context, Finding, Level, findings
from deployments.engines.vllm import settings_flags
from deployments.planning.spec import Spec

from .inner_verdicts import INNER, INNER_RIGHT, LATER, MENDED
from .verdicts import BEYOND, PARSER, RIGHT, extra, spec

SCRIPT = Path(__file__).parents[3] / "vllm" / "parse_argvs.py"
VERSION = "0.32.0"
KNOWN = Context(nearest(VERSION))
INSIDE = {"unknown-key", "wrong-type", "wrong-choice", "wrong-value"}
# Values of every kind; each field is asked for these, for its choices otherwise spelled, and at bounds.
VALUES = (
    *(
        None,
        True,
        0,
        1,
        2,
        99,
        -1,
        2.0,
        0.5,
        -0.5,
        300.0,
        [],
        {},
        ["a"],
        [1],
        [1.5],
        ["7"],
        [None],
        [[1, 2, 3]],
    ),
    *("", "auto", "None", "no such", "true", "off", "0", "7", "7.0", "0.5", " 7 ", "1_0", "nan", {"a": 1}),
)
ASKED = 1200

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        not os.environ.get("PILOTLIGHT_TEST_VLLM"), reason="needs a real vLLM; make test-vllm"
    ),
]


def real_verdicts(specs: Sequence[Spec]) -> list[tuple[str | None, str | None]]:
    """For each: what the parser says, and what the classes say that read an object after it."""
    argvs = [[one.model, *settings_flags(one), *one.extra_flags] for one in specs]
    python = Path(os.environ["PILOTLIGHT_TEST_VLLM"]).with_name("python")
    asked = subprocess.run(
        [python, SCRIPT], input=json.dumps(argvs), capture_output=True, text=True, check=True
    )
    return [(parser, later) for parser, later in json.loads(asked.stdout)]


def errors(one: Spec) -> list[Finding]:
    return [found for found in findings(one, KNOWN) if found.level is Level.ERROR]


def test_verdicts_agree_with_the_real_parser():
    typed = (
        [flags for flags, _, _ in INNER + LATER] + INNER_RIGHT + [row[n] for row in MENDED for n in (0, 1)]
    )
    changes = [change for change, _, _ in PARSER + BEYOND] + list(RIGHT)
    changes += [extra(*flags, eager=False) for flags in typed]
    specs = [spec(change, VERSION) for change in changes]
    real = real_verdicts(specs)
    ours = [[found.words for found in errors(one) if found.by_parser] for one in specs]
    differing = [row for row in zip(changes, real, ours, strict=True) if bool(row[1][0]) != bool(row[2])]
    assert differing == []
    assert sum(1 for words, _ in real if words) >= len(PARSER) + len(INNER) - 2


def test_what_a_class_refuses_after_the_parser_is_refused_here_and_the_rest_is_not():
    specs = [spec(extra(*flags), VERSION) for flags, _, _ in LATER]
    specs += [spec(extra(*flags), VERSION) for flags in INNER_RIGHT]
    specs += [spec({"speculative": one}, VERSION) for one in (
        {"method": "mtp", "num_speculative_tokens": 1, "draft_sample_method": "greedi"},
        {"method": "mtp", "num_speculative_tokens": 1, "prompt_lookup_max": 0},
        {"method": "mtp", "num-speculative-tokens": 1, "moe_backend": "triton"},
    )]  # fmt: skip
    real = [later for _, later in real_verdicts(specs)]
    ours = [[found.words for found in errors(one) if _is_inside(found)] for one in specs]
    assert [row for row in zip(specs, real, ours, strict=True) if bool(row[1]) != bool(row[2])] == []


def _is_inside(found: Finding) -> bool:
    return not found.by_parser and (found.code in INSIDE or found.code.startswith("speculation"))


def test_no_value_is_refused_that_the_real_one_takes():
    rows = random.Random(7).sample(list(generated()), ASKED)
    specs = [spec(extra(*row, eager=False) | {"speculative": None}, VERSION) for row in rows]
    real = real_verdicts(specs)
    ours = [[found.words for found in errors(one) if found.code in INSIDE] for one in specs]
    assert [row for row in zip(rows, real, ours, strict=True) if row[2] and not any(row[1])] == []
    refused = sum(1 for one in real if any(one))
    # What is left are validators that look at several fields at once, or into lists and free objects.
    assert sum(1 for one in ours if one) >= 0.95 * refused


def generated() -> Iterator[tuple[str, str]]:
    """Every field of every flag with many values, as JSON and dotted."""
    for flag in KNOWN.catalogue.flags:
        fields = flag.inner.fields if flag.inner else None
        for path, field in _fields(fields or {}, ()):
            for value in (*VALUES, *_near(field)):
                yield flag.name, json.dumps(_nested(path, value))
                text = value if isinstance(value, str) else json.dumps(value)
                if text and not text.startswith("-"):
                    yield ".".join((flag.name, *path)), text
        if flag.setting is not None:
            for value in (*VALUES, *_near(flag.setting)):
                yield flag.name, value if isinstance(value, str) else json.dumps(value)
                yield flag.name, json.dumps({"image": value})


def _fields(fields: Mapping[str, Field], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Field]]:
    for name, field in fields.items():
        yield (*above, name), field
        yield from _fields(field.fields or {}, (*above, name))


def _near(field: Field) -> Iterator[Any]:
    for choice in field.choices:
        yield choice
        if isinstance(choice, str):
            yield from (choice.lower(), choice.upper(), choice.replace("_", "-"), choice + "x")
    for bound in field.bounds.values():
        yield from (bound, bound - 1, bound + 1, str(bound - 1))


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value
