"""Callers with keys and with sessions, and deployments in every state."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import ROLE_SCOPES, SYSTEM, Role, Scope
from deployments.services import enqueue
from gateway.keys import create_key
from tests.deployments.pages.states import States

ROOT = "/api/v1"


class Caller:
    """Somebody with a key."""

    def __init__(self, user: User, key_id: int, secret: str) -> None:
        self.user, self.key_id, self.secret = user, key_id, secret
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Ask. Names of headers are given with underscores."""
        sent = {"Authorization": f"Bearer {self.secret}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        extra = {} if body is None else {"data": body, "content_type": "application/json"}
        return self.client.generic(
            method.upper(), ROOT + path, headers=sent, **_encoded(extra)
        )

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET that has to succeed."""
        response = self("get", path, **headers)
        assert response.status_code == 200, response.content
        return response.json()


def _encoded(extra: dict[str, Any]) -> dict[str, Any]:
    import json

    if "data" in extra and not isinstance(extra["data"], (str, bytes)):
        extra["data"] = json.dumps(extra["data"])
    return extra


def person(role: Role | None, name: str = "") -> User:
    """A user with that role, called after it."""
    user = User.objects.create_user(name or f"{role or 'nobody'}".lower(), password="correct horse battery")
    if role:
        give_role(user, role)
    return user


@pytest.fixture
def caller(db: None) -> Callable[..., Caller]:
    """Makes somebody of a role with a key; by default one that can do all that the role can."""

    def make(role: Role = Role.OPERATOR, name: str = "", **key: Any) -> Caller:
        user = User.objects.filter(username=name or role.value.lower()).first() or person(role, name)
        scopes = key.pop("scopes", None) or [scope.value for scope in Scope if scope in ROLE_SCOPES[role]]
        made, secret = create_key(actor=SYSTEM, owner=user, name="test", scopes=scopes, **key)
        return Caller(user, made.pk, secret)

    return make


@pytest.fixture
def states(db: None) -> States:
    """Makes deployments in every state."""
    return States(timezone.now())


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was handed to the workers; nothing of it is done."""
    messages: list[tuple[str, ...]] = []
    monkeypatch.setattr(enqueue, "_send", lambda *message: messages.append(message))
    return messages
