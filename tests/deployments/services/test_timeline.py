"""A run's time as bands and events, and a deployment's day as stretches."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from deployments.models import Run
from deployments.services.chronicle import Chronicle, Deed, Said
from deployments.services.lit_times import stretches
from deployments.services.timeline import events, merged, strip

from .test_story import BARE, BEGAN, FULL, at


def bands(run: Chronicle) -> list[tuple[str, float]]:
    found = strip(run)
    assert all(one.end == two.start for one, two in pairwise(found))
    return [(band.kind, band.seconds) for band in found]


def test_bands_touch_and_fill_the_whole_life() -> None:
    busy = ((at(300), at(340)), (at(350), at(400)), (at(3000), at(9999)))
    run = replace(FULL, busy=busy)
    assert bands(run) == [
        ("queued", 6), ("boot", 269), ("warm-up", 5), ("idle", 20), ("use", 100), ("idle", 2600),
        ("use", 275),
    ]  # fmt: skip
    assert bands(replace(FULL, ready_at=None)) == [("queued", 6), ("boot", 3269)]
    assert bands(BARE) == [("queued", 9000)]
    assert strip(replace(BARE, now=BEGAN)) == []


def test_stretches_nearer_than_a_moment_are_one() -> None:
    spans = [(at(5), at(9)), (at(0), at(3)), (at(60), at(70)), (at(200), at(300))]
    assert merged(spans, at(1), at(100)) == [(at(1), at(9)), (at(60), at(70))]


def test_events_are_in_order_from_the_asking_to_the_end() -> None:
    run = replace(
        FULL, busy=((at(300), at(340)),), deeds=(Deed(at(2000), "deed", "Ben keeps Coder lit"),),
        said=(Said(at(100), "warning", "Slow weights"),),
    )  # fmt: skip
    told = [event.words for event in events(run)]
    assert told == [
        "Asked for by Anna", "Container asked of the provider and first seen", "Container, 54 s",
        "Weights, 3 min 35 s", "Log doctor: Slow weights", "Ready", "Warm-up requests done",
        "Requests for 40 s", "Ben keeps Coder lit", "Went out idle",
    ]  # fmt: skip
    many = tuple((at(300 + 60 * n), at(310 + 60 * n)) for n in range(20))
    assert "Requests in 20 stretches, 3 min 20 s in all" in " ".join(
        event.words for event in events(replace(FULL, busy=many))
    )


def life(first: float, ready: float | None, end: float | None, reason: str = "idle") -> Run:
    return Run(
        pk=int(first) + 1, number=1, first_seen_at=at(first), ready_at=None if ready is None else at(ready),
        ended_at=None if end is None else at(end), end_reason=reason if end is not None else "",
    )  # fmt: skip


def test_a_day_is_filled_with_stretches_that_touch() -> None:
    lives = [life(0, 10, 100), life(90, None, 150, "boot_failed"), life(200, 210, None)]
    found = stretches(lives, at(50), at(300))
    assert [(one.kind, one.seconds) for one in found] == [
        ("lit", 50), ("failed", 50), ("asleep", 50), ("waking", 10), ("lit", 90),
    ]  # fmt: skip
    assert [one.open for one in found] == [False, False, False, False, True]
    assert [one.kind for one in stretches([], at(0), at(10))] == ["asleep"]
    assert sum(one.seconds for one in stretches([life(0, 1, 400)], at(0), at(300))) == 300
    assert timedelta(seconds=300) == found[-1].end - at(0)
