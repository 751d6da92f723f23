"""Sums by day, deployment, person and key: from daily rows and charges, as if from charges alone."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model

from deployments.ledger.slots import day_of
from deployments.ledger.sums import Sums
from deployments.ledger.window import Window, bucket, date_of, day_number
from deployments.models import Charge, DayCost, Run
from deployments.services import daily
from deployments.services.settled import Filter, Place, settled

from .conftest import Panel

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 10, 20), date(2026, 11, 9)  # with the change of the clocks, in Europe and in America
GROUPINGS: tuple[tuple[str, ...], ...] = (
    (), ("day",), ("day", "person"), ("day", "person", "key"), ("deployment",), ("person", "key"),
)  # fmt: skip


@pytest.fixture
def charges(panel: Panel) -> list[Charge]:
    """Seeded ones of two people, one who is gone, and nobody, over more days than are asked for."""
    rng, users = random.Random(7), get_user_model().objects
    people = [users.create_user(name) for name in ("Anna", "Ben")]
    deployment = panel.deployment
    run = Run.objects.create(
        account=deployment.account, deployment=deployment, number=1, container_id="ta-1", cause="lease",
        first_seen_at=panel.now, started_at=panel.now, ended_at=panel.now, settled_at=panel.now,
        end_reason="idle",
    )  # fmt: skip
    begin = Window.of_days(FIRST - timedelta(days=3), LAST + timedelta(days=3), ZoneInfo("UTC"))
    payers = [(people[0], "Anna", None), (people[1], "Ben", 7), (None, "Cy", 9), (None, "", None)]
    made = []
    for slot in range(begin.first, begin.end, 3):
        user, who, key = rng.choice(payers)
        boot, use, idle, cpu = (rng.randrange(10_000_000) for _ in range(4))
        gpu = boot + use + idle - cpu // 10
        made.append(
            Charge(
                run=run,
                deployment=deployment,
                slot=slot,
                user=user,
                who=who,
                key_id=key,
                boot_micro_usd=boot,
                use_micro_usd=use,
                idle_micro_usd=idle,
                kept_micro_usd=idle // 2,
                gpu_micro_usd=gpu,
                cpu_micro_usd=cpu // 10,
                requests=rng.randrange(9),
                made_tokens=rng.randrange(900),
            )
        )
    for place in range(0, len(made), 200):
        daily.add(Charge.objects.bulk_create(made[place : place + 200]))
    return made


def by_hand(rows: Sequence[Charge], window: Window, groups: Sequence[str], *, weeks: bool) -> dict[Any, Sums]:
    found: defaultdict[Place, Sums] = defaultdict(Sums)
    for row in rows:
        if not window.first <= row.slot < window.end:
            continue
        day = bucket(day_number(row.slot, window.zone), weeks=weeks)
        place = Place(
            day if "day" in groups else 0,
            row.deployment_id if "deployment" in groups else 0,
            (row.user_id or 0) if "person" in groups else 0,
            row.who if "person" in groups and not row.user_id else "",
            (row.key_id or 0) if "key" in groups else 0,
        )
        found[place] += Sums(
            row.boot_micro_usd, row.use_micro_usd, row.idle_micro_usd, row.kept_micro_usd, row.gpu_micro_usd,
            row.cpu_micro_usd, row.memory_micro_usd, row.requests, row.made_tokens,
        )  # fmt: skip
    return dict(found)


ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Pacific/Marquesas",
)


def test_every_grouping_in_every_zone_is_the_sum_of_its_charges(charges: list[Charge]) -> None:
    for zone in map(ZoneInfo, ZONES):
        for weeks in (False, True):
            window = Window.of_days(FIRST, LAST, zone)
            totals = set()
            for groups in GROUPINGS:
                found = settled(window, groups, Filter(), weeks=weeks)
                assert found == by_hand(charges, window, groups, weeks=weeks), (zone, groups, weeks)
                totals.add(sum(found.values(), Sums()))
            assert len(totals) == 1


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-11-01T10:15", "2026-11-01T17:45"), ("2026-11-01T23:00", "2026-11-03T00:30")],
)
def test_part_of_a_day_is_read_from_its_charges(charges: list[Charge], since: str, until: str) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    at = [datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC")) for text in (since, until)]
    window = Window.between(at[0], at[1], zone)
    assert settled(window, ("day",), Filter()) == by_hand(charges, window, ("day",), weeks=False)
    assert date_of(day_number(window.first, zone)) == day_of(window.first, zone)


def test_one_person_one_key_and_nobody(charges: list[Charge]) -> None:
    window = Window.of_days(FIRST, LAST, ZoneInfo("America/New_York"))
    anna = next(row.user_id for row in charges if row.who == "Anna")
    for only, mine in (
        (Filter(user_id=anna), [row for row in charges if row.user_id == anna]),
        (Filter(user_id=0), [row for row in charges if row.user_id is None]),
        (Filter(key_id=7), [row for row in charges if row.key_id == 7]),
        (Filter(deployment_ids=frozenset()), []),
    ):
        assert settled(window, ("day",), only) == by_hand(mine, window, ("day",), weeks=False)


def test_the_daily_rows_can_be_written_anew(charges: list[Charge]) -> None:
    assert daily.differences() == 0
    DayCost.objects.filter(who="Ben").delete()
    assert daily.differences() > 0
    daily.rebuild()
    assert daily.differences() == 0
    get_user_model().objects.filter(username="Anna").delete()  # what they spent stays, under their name
    assert daily.differences() == 0
