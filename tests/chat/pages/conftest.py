"""A person with a conversation, and a deployment that is ready or asleep."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, Generator, Message, Role, Status
from controlpanel.models import User
from deployments.planning.power import Role as PanelRole
from tests.deployments.pages.conftest import person
from tests.deployments.pages.states import States


@pytest.fixture
def states(db: None) -> States:
    now = timezone.now()
    Generator.objects.create(name="runner", started_at=now, seen_at=now)
    return States(now)


@pytest.fixture
def anna(db: None) -> User:
    return person(PanelRole.MEMBER, "Anna")


@pytest.fixture
def ben(db: None) -> User:
    return person(PanelRole.MEMBER, "Ben")


@pytest.fixture
def browser() -> Callable[[User], Client]:
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def talk(owner: User, slug: str, *texts: str, **last: Any) -> Conversation:
    """Questions and answers in turn; `last` are fields of the last message."""
    made = Conversation.objects.create(
        owner=owner, deployment_slug=slug, title=texts[0][:60] if texts else ""
    )
    above = None
    for number, text in enumerate(texts):
        role = Role.ASSISTANT if number % 2 else Role.USER
        above = Message.objects.create(
            conversation=made, parent=above, role=role, text=text, finished_at=timezone.now()
        )
    if above is not None:
        for name, value in last.items():
            setattr(above, name, value)
        if above.status not in (Status.DONE, Status.FAILED, Status.STOPPED, Status.INTERRUPTED):
            above.finished_at = None
        above.save(update_fields=[*last, "finished_at"] if last else ["finished_at"])
        made.head = above
        made.save(update_fields=["head"])
    return made


def address(row: Conversation, tail: str = "") -> str:
    return f"/deployments/{row.deployment_slug}/chat/{row.public_id}/{tail}"
