from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from controlpanel.models import OneTimeLink, User

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna", first_name="Anna", last_name="Berg")


def test_token_is_never_stored(anna: User) -> None:
    token = OneTimeLink.objects.make(anna, now=NOW)
    link = OneTimeLink.objects.get()
    assert token not in (link.token_digest, str(link))


def test_link_signs_in_once(anna: User) -> None:
    token = OneTimeLink.objects.make(anna, now=NOW)
    first = OneTimeLink.objects.consume(token, now=NOW)
    assert first is not None
    assert first.user == anna
    assert OneTimeLink.objects.consume(token, now=NOW) is None


def test_link_ends_at_its_time(anna: User) -> None:
    token = OneTimeLink.objects.make(anna, now=NOW, lifetime=timedelta(minutes=5))
    assert OneTimeLink.objects.consume(token, now=NOW + timedelta(minutes=5)) is None


def test_link_of_an_inactive_person_does_nothing(anna: User) -> None:
    token = OneTimeLink.objects.make(anna, now=NOW)
    User.objects.update(is_active=False)
    assert OneTimeLink.objects.consume(token, now=NOW) is None


def test_unknown_time_zone_is_refused(anna: User) -> None:
    anna.time_zone = "Mars/Olympus"
    with pytest.raises(ValidationError, match="Europe/Berlin"):
        anna.full_clean(exclude=["password"])


@pytest.mark.parametrize(("first", "last", "shown"), [("Anna", "Berg", "Anna Berg"), ("", "", "anna")])
def test_display_name(first: str, last: str, shown: str) -> None:
    assert User(username="anna", first_name=first, last_name=last).display_name == shown
