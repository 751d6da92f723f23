"""The log viewer: newest lines, tail, filter, levels, download."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import LogLine
from deployments.pages.log_lines import level_of

from .states import LINES, States

LOGS = "/deployments/waking/logs/"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (LINES[0], "I"),
        (LINES[2], "W"),
        (LINES[4], "E"),
        ("Traceback (most recent call last):", "E"),
        ("torch.OutOfMemoryError: CUDA out of memory", "E"),
        ("(EngineCore pid=40) RuntimeError: Engine core initialization failed.", "E"),
        ("INFO 11-24 09:00:00 request said ERROR: none", "I"),
        ("plain words about an error", "I"),
        ("INFORMATION is no level", "I"),
        ("", "I"),
    ],
)
def test_level_is_what_the_line_begins_with(text: str, level: str) -> None:
    assert level_of(text) == level


def test_page_shows_the_lines_escaped(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.log(made, None, ("<script>alert(1)</script>",))
    page = browser().get(LOGS).content.decode()
    assert page.count("data-line") == 6
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_filters_by_text_and_run(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.log(made, None, ("build step",))
    client, run = browser(), made.runs.get()
    assert client.get(LOGS, {"contains": "checkpoint"}).content.decode().count("data-line") == 1
    assert client.get(LOGS, {"run": run.pk}).content.decode().count("data-line") == 5
    assert "No line has “nowhere”" in client.get(LOGS, {"contains": "nowhere"}).content.decode()
    assert client.get(LOGS, {"run": "x"}).status_code == 200


def test_tail_gives_only_what_is_new(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    client, last = browser(), LogLine.objects.latest("id").pk
    tail = f"{LOGS}tail/"
    assert client.get(tail, {"after": last}).status_code == 204
    states.log(made, made.runs.get(), ("one more",))
    page = client.get(tail, {"after": last}).content.decode()
    assert page.count("data-line") == 1
    assert "one more" in page
    assert client.get(tail, {"after": last, "contains": "other"}).status_code == 204


def test_newest_five_hundred_are_shown_and_all_are_downloaded(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep("waking")
    states.log(made, None, tuple(f"line {number}" for number in range(600)))
    client = browser()
    page = client.get(LOGS).content.decode()
    assert page.count("data-line") == 500
    assert ">line 599<" in page
    assert ">line 99<" not in page
    text = client.get(f"{LOGS}download/")
    assert text["Content-Type"].startswith("text/plain")
    assert text["Content-Disposition"] == 'attachment; filename="waking.log"'
    assert text.content.decode().splitlines()[0].endswith("Z line 0")
    assert len(text.content.decode().splitlines()) == 600
