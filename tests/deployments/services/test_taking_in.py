"""Lines as they are stored: each once, none lost, in order, one state of a progress bar."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError

from deployments.models import Account, Deployment, LogLine, Run
from deployments.planning.presets import GLM_5_2_FP8
from deployments.providers.base import LogEntry
from deployments.services import logs, taking

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def deployment(db):
    account = Account.objects.create(name="Cloud", engine_key="sk-own", token_secret="sk-own-longer")
    return Deployment.objects.create(slug="glm", name="GLM", account=account, config=GLM_5_2_FP8.to_json())


@pytest.fixture
def run(deployment):
    return Run.objects.create(
        account=deployment.account, deployment=deployment, number=1, container_id="ta-1", cause="lease",
        first_seen_at=AT,
    )  # fmt: skip


def entry(text, second=0, container="ta-1", **more):
    return LogEntry(AT + timedelta(seconds=second), text, container, **more)


def stored(deployment):
    return [line.text for line in logs.lines(deployment)]


def test_an_overlapping_read_stores_nothing_twice(deployment):
    taking.take_in(deployment, [entry("a"), entry("b", 1)], {})
    new = taking.take_in(deployment, [entry("a"), entry("b", 1), entry("c", 2)], {})
    assert [e.text for e, _ in new] == ["c"]
    assert stored(deployment) == ["a", "b", "c"]


def test_two_lines_that_say_the_same_at_the_same_instant_are_both_kept_once(deployment):
    """As a traceback does: `return func(*args)` twice in one breath."""
    said = [entry("return f()"), entry("^^^^"), entry("return f()"), entry("^^^^")]
    taking.take_in(deployment, said, {})
    assert stored(deployment) == ["return f()", "^^^^", "return f()", "^^^^"]
    assert taking.take_in(deployment, said, {}) == []
    later = taking.take_in(deployment, [*said, entry("^^^^")], {})  # a third that was late
    assert len(later) == 1
    assert len(stored(deployment)) == 5


def test_the_same_words_at_another_time_or_of_another_container_are_another_line(deployment):
    taking.take_in(deployment, [entry("a"), entry("a", 1), entry("a", 0, "ta-2")], {})
    assert stored(deployment) == ["a", "a", "a"]


def test_lines_are_kept_in_the_order_of_time_and_of_speech(deployment):
    new = taking.take_in(deployment, [entry("c", 2), entry("a"), entry("b"), entry("  ")], {})
    assert [e.text for e, _ in new] == ["a", "b", "c"]
    assert stored(deployment) == ["a", "b", "c"]


def test_a_late_line_is_taken_in_after_all(deployment):
    taking.take_in(deployment, [entry("late is the other", 9)], {})
    assert [e.text for e, _ in taking.take_in(deployment, [entry("it came late", 3)], {})] == ["it came late"]


def test_lines_find_their_run_and_lose_the_accounts_secrets(deployment, run):
    told = taking.take_in(deployment, [entry("\x1b[31mwith sk-own-lon\x1b[0mger and sk-own")], {"ta-1": run})
    line = LogLine.objects.get()
    assert (line.run_id, line.text) == (run.pk, "with *** and ***")
    assert told[0][0].text == line.text  # what is read for facts holds no secret either


def test_who_spoke_and_how_gravely_is_kept(deployment, run):
    said = [
        entry("(APIServer pid=4) WARNING 11-24 12:00:00 [x.py:1] slow"), entry("plain", 1),
        entry("pilotlight: engine exited code=1 after=3.0s", 2), entry("Runner failed", 3, by_provider=True),
        entry("ValueError: no", 4), entry("=> Step 1", 5, container=""),
    ]  # fmt: skip
    taking.take_in(deployment, said, {"ta-1": run})
    kept = list(LogLine.objects.values_list("source", "level"))
    assert kept == [("engine", "W"), ("engine", "I"), ("container", "I"), ("container", "I"), ("engine", "E"),
                    ("build", "I")]  # fmt: skip


def test_of_a_progress_bar_the_beginning_and_what_each_look_saw_last_are_kept(deployment):
    states = [entry("Loading weights", 0)] + [entry(f"shards: {n * 10}%|##| {n}/10", n) for n in range(10)]
    taking.take_in(deployment, states[:5], {})
    taking.take_in(deployment, states[2:8], {})  # its window begins within the bar
    taking.take_in(deployment, [*states[3:], entry("done", 12)], {})
    kept = [text.partition("%")[0] for text in stored(deployment)]
    assert kept == ["Loading weights", "shards: 0", "shards: 30", "shards: 60", "shards: 90", "done"]


def test_a_reader_that_dies_has_stored_a_part_with_what_it_says_or_neither(deployment, monkeypatch):
    monkeypatch.setattr(taking, "_PART", 2)
    applied = []

    def apply(part):
        applied.append([e.text for e, _ in part])
        if len(applied) == 2:
            raise DatabaseError("killed")

    said = [entry(f"line {n}", n) for n in range(5)]
    with pytest.raises(DatabaseError):
        taking.take_in(deployment, said, {}, then=apply)
    assert stored(deployment) == ["line 0", "line 1"]
    taking.take_in(deployment, said, {}, then=apply)
    assert applied == [["line 0", "line 1"], ["line 2", "line 3"], ["line 2", "line 3"], ["line 4"]]
    assert stored(deployment) == [f"line {n}" for n in range(5)]


def test_every_line_of_a_long_word_of_the_panel_is_a_line(deployment):
    for _ in range(2):
        taking.keep_own(
            deployment, "it failed\nValueError: sk-own\n", at=AT, source="deploy", release_id=None, key="1"
        )
    kept = [(line.text, line.level) for line in logs.lines(deployment)]
    assert kept == [("it failed", "I"), ("ValueError: ***", "E")]
