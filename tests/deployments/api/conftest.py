"""Callers, and deployments in every state."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from deployments.services import enqueue
from tests.deployments.pages.states import States

from .callers import Caller, keyed


@pytest.fixture
def caller(db: None) -> Callable[..., Caller]:
    """Makes somebody of a role with a key."""
    return keyed


@pytest.fixture
def states(db: None) -> States:
    """Makes deployments in every state."""
    return States(timezone.now())


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was handed to the workers; nothing of it is done."""
    messages: list[tuple[object, ...]] = []
    monkeypatch.setattr(enqueue, "_send", lambda *message: messages.append(message))
    return messages
