"""The clock's part, and what an admin sees of the generator."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, Message
from chat.runner import lives, rows
from chat.services import replies
from chat.streams.events import stream_key
from chat.tasks import take_over
from controlpanel.models import User
from deployments.planning.power import Role


@pytest.mark.usefixtures("broker")
def test_the_clock_ends_what_a_dead_generator_left_and_tells_its_readers(
    talk: Conversation, anna: User
) -> None:
    reply = replies.ask(anna, talk.public_id, "Hello")
    rows.claim(lives.begin_life(timezone.now() - timedelta(seconds=10)), 1, timezone.now())
    Message.objects.filter(pk=reply.pk).update(status="streaming", text="Hel")
    take_over()
    take_over()
    reply.refresh_from_db()
    told = redis.Redis.from_url(settings.REDIS_URL).xrange(stream_key(reply.public_id))
    assert (reply.status, reply.text) == ("interrupted", "Hel")
    assert [b"interrupted" in fields[b"data"] for _, fields in told] == [True]


def test_admin_sees_figures_and_no_words(person: Any, talk: Conversation, anna: User, client: Client) -> None:
    lives.begin_life(timezone.now())
    reply = replies.ask(anna, talk.public_id, "My secret question")
    Message.objects.filter(pk=reply.pk).update(status="done", text="My secret answer", reasoning="My thought")
    client.force_login(person("ada", Role.ADMIN), backend="django.contrib.auth.backends.ModelBackend")
    for path in ("generator/", "message/", f"message/{reply.pk}/change/"):
        page = client.get(f"/admin/chat/{path}")
        assert page.status_code == 200
        assert "secret" not in page.text
        assert "My thought" not in page.text
    assert client.post(f"/admin/chat/message/{reply.pk}/delete/").status_code == 403
