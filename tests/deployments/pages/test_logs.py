"""The log viewer: newest lines, tail, filter, levels, download."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from deployments.engines.levels import level_of
from deployments.models import LogLine, Phase
from deployments.services import following

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


def test_filters_by_level_source_and_release(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.log(made, None, ("ValueError: of a build",))
    client = browser()

    def shown(**query: object) -> int:
        return client.get(LOGS, query).content.decode().count("data-line")

    assert (shown(level="E"), shown(level="W"), shown(level="x")) == (2, 3, 6)
    LogLine.objects.filter(run=None).update(source="deploy", release=made.current_release)
    number = made.current_release.number if made.current_release else 0
    assert (shown(source="deploy"), shown(source="nobody"), shown(release=number)) == (1, 6, 1)
    assert shown(level="E", source="deploy", contains="BUILD") == 1
    since = LogLine.objects.order_by("at")[3].at.isoformat()
    assert shown(since=since) + shown(until=since) == 7  # the line of that instant is in both


def test_find_is_marked_and_a_line_leads_to_its_surroundings(
    browser: Callable[..., Client], states: States
) -> None:
    states.waking()
    client, line = browser(), LogLine.objects.order_by("id")[1]
    page = client.get(LOGS, {"contains": "ENFORCE", "level": "W"}).content.decode()
    assert "<mark>enforce</mark>" in page or "<mark>Enforce</mark>" in page
    assert f"{LOGS}?line={LogLine.objects.order_by('id')[2].pk}#line-" in page
    around = client.get(LOGS, {"line": line.pk}).content.decode()
    assert f'id="line-{line.pk}" class="evid"' in around
    assert around.count("data-line") == 5
    assert "data-live" not in around


def test_phase_leads_to_the_line_with_which_it_began(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    run, third = made.runs.get(), LogLine.objects.order_by("id")[2]
    Phase.objects.update_or_create(run=run, name="weights", defaults={"started_at": third.at})
    client = browser()
    answer = client.get(LOGS, {"run": run.pk, "phase": "weights"})
    assert answer["Location"] == f"{LOGS}?run={run.pk}&line={third.pk}#line-{third.pk}"
    page = client.get(LOGS).content.decode()
    assert f'<li class="phase"><span>Weights</span></li>\n<li data-line id="line-{third.pk}"' in page
    assert "Phases of run 1" in page


def test_phase_links_follow_the_newest_run_but_stay_at_one_that_was_asked_for(
    browser: Callable[..., Client], states: States
) -> None:
    made, client = states.waking(), browser()
    first = made.runs.get()
    page = client.get(LOGS).content.decode()
    fragment = page[page.index('<nav class="phase-links"') :].partition("</nav>")[0]
    assert f'hx-get="{LOGS}phases/"' in fragment
    assert "Run 1<" in fragment
    have = {"Panel-Have": fragment.partition('data-fp="')[2].partition('"')[0]}
    assert client.get(f"{LOGS}phases/", headers=have).status_code == 204
    states.ended(made, began_s=9000)
    second = states.run(made, began_s=20, reached_s=7)
    told = client.get(f"{LOGS}phases/", headers=have).content.decode()
    assert f"?run={second.pk}&amp;phase=container" in told
    assert f"?run={first.pk}&" not in told
    asked = client.get(f"{LOGS}phases/?run={first.pk}").content.decode()
    assert f"?run={first.pk}&amp;phase=weights" in asked
    assert f'hx-get="{LOGS}phases/?run={first.pk}"' in asked


def test_without_a_run_no_phase_is_offered(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    client = browser()
    for address in ("", "phases/", "phases/?run=99"):
        page = client.get(f"/deployments/asleep/logs/{address}").content.decode()
        nav = page[page.index('<nav class="phase-links"') :].partition("</nav>")[0]
        assert " hidden>" in nav
        assert "<a " not in nav


def test_tail_gives_what_is_newer_or_older_and_where_to_go_on(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.waking()
    client, ids = browser(), list(LogLine.objects.values_list("pk", flat=True))
    tail = f"{LOGS}tail/"
    nothing = client.get(tail, {"after": ids[-1]})
    assert (nothing.content.decode().strip(), "X-Reached" in nothing) == ("", False)
    states.log(made, made.runs.get(), ("one more",))
    assert client.get(tail, {"after": ids[-1]}).content.decode().count("data-line") == 1
    assert client.get(tail, {"before": ids[2]}).content.decode().count("data-line") == 2
    assert client.get(tail)["X-Reached"] == str(ids[-1] + 1)


def test_long_log_is_turned_page_by_page_without_being_counted(
    browser: Callable[..., Client], states: States, django_assert_max_num_queries: Any
) -> None:
    made = states.asleep("waking")
    states.log(made, None, tuple(f"line {number}" for number in range(1200)))
    client = browser()
    client.get(LOGS)
    with django_assert_max_num_queries(45) as asked:
        page = client.get(LOGS).content.decode()
    assert not [query for query in asked if "COUNT(" in query["sql"] and "logline" in query["sql"]]
    assert page.count("data-line") == 500
    assert (">line 1199<" in page, ">line 699<" in page) == (True, False)
    first = LogLine.objects.order_by("id")[0].pk
    assert f"before={first + 700}" in page
    older = client.get(LOGS, {"before": first + 700}).content.decode()
    assert (">line 699<" in older, ">line 200<" in older, ">line 199<" in older) == (True, True, False)
    assert f"after={first + 699}" in older
    newer = client.get(LOGS, {"after": first + 699}).content.decode()
    assert (">line 700<" in newer, ">line 1199<" in newer) == (True, True)


def test_whole_log_is_downloaded_as_a_stream(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep("waking")
    states.log(made, None, tuple(f"line {number}" for number in range(4500)))
    client = AsyncClient()
    client.cookies = browser().cookies

    async def read(query: str) -> tuple[Any, list[str]]:
        answer: Any = await client.get(f"{LOGS}download/{query}")
        parts = [part.decode() async for part in answer.streaming_content]
        assert max(part.count("\n") for part in parts) <= 2000
        return answer, "".join(parts).splitlines()

    answer, lines = async_to_sync(read)("")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"] == 'attachment; filename="waking.log"'
    assert [line.partition("Z ")[2] for line in lines] == [f"line {number}" for number in range(4500)]
    found = async_to_sync(read)("?contains=99")[1]
    assert len(found) == sum("99" in str(number) for number in range(4500))


def test_stream_gives_rows_in_events_that_one_frame_can_take_in(
    browser: Callable[..., Client], states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LIFE_S", 0.2)
    monkeypatch.setattr(following, "POLL_S", 0.2)
    made = states.waking()
    states.log(made, made.runs.get(), tuple(f"<b>{number}" for number in range(2100)))
    client, first = AsyncClient(), LogLine.objects.order_by("id")[0].pk
    client.cookies = browser().cookies

    async def read(query: str, **headers: str) -> str:
        answer: Any = await client.get(f"{LOGS}stream/{query}", headers=headers)
        return "".join([part.decode() async for part in answer.streaming_content])

    told = async_to_sync(read)("?after=1", **{"Last-Event-ID": str(first + 1904)})
    events = [event for event in told.split("\n\n") if "event: lines" in event]
    assert [event.count("data-line") for event in events] == [100, 100]
    assert events[0].startswith(f"id: {first + 2004}\n")
    assert "&lt;b&gt;1900" in events[0]
    behind = async_to_sync(read)(f"?after={first}")
    assert "event: gap" in behind
    assert behind.count("data-line") == 500
