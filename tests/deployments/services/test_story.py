"""A run in sentences: for every cause and end, with everything known and with nothing."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from deployments.models.run import Cause, EndReason
from deployments.services.chronicle import Asking, Chronicle, Money, Said, Served, Step
from deployments.services.story import count, listed, story

BEGAN = datetime(2026, 11, 26, 9, 12, tzinfo=UTC)
NEVER_READY = {EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT}


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


FULL = Chronicle(
    name="Coder", number=7, cause="lease", first_seen_at=BEGAN, now=at(9000), asked_at=at(-3), release=14,
    asking=Asking("Anna", "page", reason="Release notes", quoted_usd=Decimal("2.70")),
    started_at=at(6), ready_at=at(275), warmed_at=at(280), ended_at=at(3275), end_reason="idle",
    steps=(
        Step("queued", "Queued", at(0), 6), Step("container", "Container", at(6), 54),
        Step("weights", "Weights", at(60), 215, usual_s=71),
    ),
    served=Served(142, 3, 1, 1_234_567, 45_210, (("Anna", 130), ("Ben with the key “CI”", 12))),
    busy_s=1500, money=Money(
        Decimal("30.21"), Decimal("2.72"), Decimal("15.13"), Decimal("12.36"), Decimal("3.00"), settled=True,
        split=(("Anna", Decimal("20.00")), ("Ben", Decimal("10.21"))),
    ),
)  # fmt: skip
BARE = Chronicle(name="Coder", number=7, cause="lease", first_seen_at=BEGAN, now=at(9000))


def told(run: Chronicle) -> str:
    return " ".join(story(run))


def test_the_whole_of_a_run() -> None:
    assert story(FULL) == [
        "Anna lit it from the panel’s pages, Thu 26 Nov, 09:11 UTC. Reason given: “Release notes”.",
        "It was to stay lit until idle, quoted at about $2.70. It ran release 14.",
        "It waited 6 s for a machine, which is not billed. Container 54 s, weights 3 min 35 s (usually 1 min"
        " 11 s). It was ready after 4 min 35 s; its boot, with warm-up, cost $2.72.",
        "It was lit for 50 min after that; 142 requests came from Anna (130) and Ben with the key “CI” (12):"
        " 1,234,567 tokens read and 45,210 tokens written. 3 failed and 1 was broken off by the client.",
        "It went out idle, Thu 26 Nov, 10:06 UTC.",
        "It cost $30.21: $2.72 to boot, $15.13 in use and $12.36 idle (of that $3.00 kept warm by leases).",
        "Put down to Anna $20.00 and Ben $10.21.",
    ]


@pytest.mark.parametrize("cause", Cause.values)
@pytest.mark.parametrize("end", ["", *EndReason.values, "unheard-of"])
@pytest.mark.parametrize("known", [True, False])
def test_every_cause_with_every_end_is_whole_sentences(cause: str, end: str, known: bool) -> None:
    run = replace(FULL if known else BARE, cause=cause, end_reason=end)
    run = replace(run, ended_at=at(3275) if end else None)
    if end in NEVER_READY:
        run = replace(run, ready_at=None, warmed_at=None, served=Served())
    sentences = story(run)
    for sentence in sentences:
        assert sentence.endswith((".", "…")), sentence
        assert sentence[0].isupper(), sentence
        assert not re.search(r"None|\bnan\b|\{|\}|  |\.\.|,\.|EndReason|“”|\b1 requests\b| ,", sentence), (
            sentence
        )
    assert len(sentences) == len(set(sentences))
    text = " ".join(sentences)
    assert ("lit now" in text or "waking" in text or "waits for" in text or cause == "download") is not bool(
        end
    ) or cause == "download"


@pytest.mark.parametrize(
    ("end", "by", "words"),
    [
        ("slept", "Ben", "Ben put it to sleep"),
        ("slept", "", "put to sleep, Thu 26 Nov, 10:06 UTC; by whom was not kept"),
        ("turned_off", "Ben", "Ben turned it off"),
        ("frozen", "{Eve}", "{Eve} froze everything"),
        ("frozen", "", "Everything was frozen"),
        ("budget", "", "at the limit of a budget"),
        ("until", "", "the time that it was to be lit for was over"),
        ("engine_died", "", "The engine died while it was lit"),
        ("preempted", "", "The provider took its machine away"),
        ("gone", "", "why is not known"),
        ("replaced", "", "replaced by another release"),
    ],
)
def test_why_it_went_out(end: str, by: str, words: str) -> None:
    assert words in told(replace(FULL, end_reason=end, ended_by=by))


def test_a_failed_start_says_how_far_it_came_and_what_the_log_says_of_it() -> None:
    run = replace(
        FULL, ready_at=None, end_reason="boot_failed", end_text="x\nValueError: {too} long\n",
        money=Money(Decimal("1.50"), Decimal("1.50")),
    )  # fmt: skip
    text = told(run)
    assert "It was never ready; it came as far as weights." in text
    assert (
        "It ended before it was ready, Thu 26 Nov, 10:06 UTC. The line that says why: ValueError: {too} long"
        in text
    )
    assert "It cost $1.50, all of it to boot." in text
    assert "requests" not in text
    assert text.endswith("The log doctor knows no rule for this end.")
    known = told(replace(run, said=(Said(at(90), "error", "The context is longer than the cache"),)))
    assert known.endswith("The log doctor’s diagnosis: The context is longer than the cache.")
    assert "ValueError" not in known


def test_who_lit_it_and_by_which_way() -> None:
    def lit(**asking: str) -> str:
        return story(replace(FULL, asking=Asking(**asking)))[0]  # type: ignore[arg-type]

    assert lit(who="Anna", via="api", key="CI").startswith("Anna lit it over REST with the key “CI”")
    woken = lit(who="Anna", via="gateway", key="CI", reason="a request to /v1/x by CI")
    assert woken == "A request of Anna with the key “CI” woke it, Thu 26 Nov, 09:11 UTC."
    assert lit(who="Anna", via="schedule", schedule="Mornings", reason="Mornings").startswith(
        "The schedule “Mornings” lit it for Anna, "
    )
    assert lit(via="page").startswith("Somebody whose name was not kept lit it")
    assert lit(who="Anna").startswith("It was lit for Anna; by which way was not kept, ")
    assert "nobody of the panel asked" in story(replace(FULL, cause="outside"))[0]
    assert "started its container again" in story(replace(FULL, cause="restart"))[0]


def test_a_weights_download_says_how_it_ended_and_has_no_boot() -> None:
    run = replace(FULL, cause="download", end_reason="finished", ready_at=None, served=Served())
    assert "The download failed" in told(replace(run, download="failed"))
    assert "what had come stays on the volume" in told(replace(run, download="cancelled"))
    assert "how the download ended was not kept" in told(run)
    assert "boot" not in told(run)
    assert "release" not in told(run)


def test_money_that_is_not_known_yet_or_at_all_says_so() -> None:
    assert "a price is missing" in told(replace(FULL, money=Money(priced=False)))
    assert "being added up" in told(replace(FULL, money=replace(FULL.money, settled=False, split=())))
    assert "no container of it started" in told(replace(BARE, ended_at=at(60), end_reason="boot_timeout"))
    alive = told(replace(FULL, ended_at=None, end_reason="", sandbox=True))
    assert "So far it cost $30.21" in alive
    assert "Sandbox: nobody is billed." in alive
    assert "All of it is put down to Anna." in told(
        replace(FULL, money=replace(FULL.money, split=(("Anna", Decimal("30.21")),)))
    )


def test_nothing_that_was_asked_of_it_is_said_plainly() -> None:
    assert "no request came through the panel’s door. It was seen at work for 25 min all the same." in told(
        replace(FULL, served=Served())
    )
    one = replace(FULL, served=Served(1, 0, 0, 1, 1, (("Anna", 1),)))
    assert "1 request came from Anna: 1 token read and 1 token written. None of them failed." not in told(one)
    assert "1 request came from Anna: 1 token read and 1 token written. It did not fail." in told(one)
    many = tuple((f"P{number}", 9 - number) for number in range(7))
    assert "P3 (6) and 3 others" in told(replace(FULL, served=Served(30, by=many)))


def test_times_are_those_of_the_reader() -> None:
    berlin = told(replace(FULL, zone=ZoneInfo("Europe/Berlin")))
    assert "Thu 26 Nov, 11:06." in berlin
    assert "UTC" not in berlin
    assert "Thu 26 Nov 2026, 09:11 UTC" in told(replace(FULL, now=at(0) + timedelta(days=90)))


def test_counting_and_listing() -> None:
    assert [count(number, "request") for number in (0, 1, 1234)] == [
        "0 requests",
        "1 request",
        "1,234 requests",
    ]
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
