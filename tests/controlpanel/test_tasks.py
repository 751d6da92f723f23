from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session

from controlpanel.models import OneTimeLink, User
from controlpanel.tasks import forget

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_what_is_over_is_forgotten_and_what_is_not_stays() -> None:
    anna = User.objects.create_user("anna")
    OneTimeLink.objects.make(anna, now=NOW - timedelta(days=2))
    OneTimeLink.objects.make(anna, now=NOW)
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=NOW + timedelta(days=1))
    with time_machine.travel(NOW, tick=False):
        forget()
        forget()
    assert OneTimeLink.objects.get().expires_at > NOW
    assert Session.objects.get().session_key == "new"
