"""The page of schedules: priced before it is saved, changed by operators alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.test import Client

from deployments.models import Schedule
from deployments.pages.schedule_week import week
from deployments.planning.power import Role
from deployments.planning.windows import Rule

from .states import States

PAGE = "/deployments/asleep/schedules/"
SENT = {
    "name": "Working hours", "days": ["0", "4"], "starts": "09:00", "ends": "17:00",
    "time_zone": "Europe/Berlin",
}  # fmt: skip


def test_it_is_saved_with_the_price_that_was_seen_then_paused_and_deleted(
    browser: Callable[..., Client], states: States
) -> None:
    states.asleep()
    ben = browser()
    priced = ben.post(f"{PAGE}new/", SENT | {"step": "price"})
    seen = priced.context["price"].usd_per_week
    assert f'name="seen" value="{seen}"' in priced.content.decode()
    assert not Schedule.objects.exists()
    changed = ben.post(f"{PAGE}new/", SENT | {"ends": "18:00", "step": "save", "seen": str(seen)})
    assert (changed.status_code, "It now costs" in changed.content.decode()) == (409, True)
    assert ben.post(f"{PAGE}new/", SENT | {"step": "save", "seen": str(seen)}).status_code == 302
    row = Schedule.objects.get()
    html = ben.get(PAGE).content.decode()
    assert "Mon, Fri" in html
    assert "Next: lit from" in html
    assert "Edit Working hours" not in browser(Role.VIEWER).get(PAGE).content.decode()
    for act, left in (("skip", 1), ("pause", 1), ("resume", 1), ("delete", 0)):
        assert ben.post(f"{PAGE}{row.pk}/change/", {"act": act}).status_code == 302
        assert Schedule.objects.count() == left


def test_what_is_wrong_stands_at_its_field(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    for field, value in {"time_zone": "Mars", "skips": "soon", "name": ""}.items():
        answer = browser(name=field).post(f"{PAGE}price/", SENT | {field: value})
        assert (answer.context["price"], list(answer.context["form"].errors)) == (None, [field])


def test_a_week_shows_nights_skips_and_the_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    rule = Rule(1, frozenset({4, 5, 6}), time(22), time(6), berlin, skips=frozenset({date(2026, 10, 23)}))
    found = week([rule], {1: "Nights"}, date(2026, 10, 19), berlin, datetime(2026, 10, 20, tzinfo=UTC))
    friday, saturday, sunday = found.days[4:]
    assert (friday.skipped, friday.bars, found.days[1].today) == (["Nights"], [], True)
    assert saturday.lit == ["22:00–06:00 Sun Nights"]
    assert sunday.note == "The clocks change: this day has 25 hours."
    assert found.seconds == (6 + 2 + 7 + 2) * 3600  # Monday until 6; the night to Sunday has an hour more
