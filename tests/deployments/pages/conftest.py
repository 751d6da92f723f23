"""Browsers of people with roles, and deployments in every state."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import Role

from .states import States

HTMX = {"HX-Request": "true"}


def person(role: Role | None, name: str = "") -> User:
    """A user with that role, called after it."""
    user = User.objects.create_user(name or f"{role or 'nobody'}".lower(), password="correct horse battery")
    if role:
        give_role(user, role)
    return user


@pytest.fixture
def browser(db: None) -> Callable[..., Client]:
    """A signed-in browser of somebody with a role."""

    def make(role: Role | None = Role.OPERATOR, name: str = "") -> Client:
        client = Client()
        client.force_login(person(role, name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def states(db: None) -> States:
    return States(timezone.now())
