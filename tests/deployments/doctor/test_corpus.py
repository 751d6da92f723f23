"""Every labelled log gets its diagnosis, from the right line, with the right change; a healthy one none."""

import re
from collections import Counter

import pytest

from deployments.doctor import RULES

from .cases import CASES, Case
from .measure import measured
from .table import PAGE, page


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_log_gets_its_diagnosis(case: Case) -> None:
    cards = case.diagnosed()
    assert [card.head.code for card in cards] == case.data["tells"]
    if not cards:
        return
    first = cards[0]
    assert [one.code for one in first.followed] == case.data.get("followed", [])
    if first.head.index is not None:
        assert first.head.index == case.evidence
    if "fix" in case.data:
        assert (dict(first.head.fix.patch) if first.head.fix else None) == case.data["fix"]
    words = " ".join(f"{one.title} {one.cause} {one.remedy}" for one in (first.head, *first.followed))
    assert not re.search(r"\{|  | [.,;]|“”", words)


def test_precision_and_recall_are_one_for_every_rule() -> None:
    rows = measured()
    assert {row.code for row in rows} == {rule.code for rule in RULES}
    assert [row for row in rows if (row.precision, row.recall) != (1.0, 1.0)] == []


def test_every_rule_has_two_logs_of_its_own() -> None:
    counts = Counter(code for case in CASES for code in case.data["tells"])
    assert [rule.code for rule in RULES if counts[rule.code] < 2] == []


def test_healthy_logs_come_from_several_versions() -> None:
    quiet = [case for case in CASES if not case.data["tells"] and case.origin == "recorded"]
    assert len(quiet) >= 9
    assert len({case.data["sample"].split("-")[1] for case in quiet}) > 1


def test_what_nobody_has_seen_is_called_documented() -> None:
    seen = {code for case in CASES if case.origin == "recorded" for code in case.data["tells"]}
    hidden = {rule.code for rule in RULES if rule.documented and rule.code in seen}
    assert hidden == set()


def test_document_says_what_was_measured() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.deployments.doctor.table"
