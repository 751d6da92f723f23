"""Somebody with a key, and somebody with a session."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.models import Action
from deployments.planning.power import ROLE_SCOPES, SYSTEM, Role, Scope
from gateway.keys import create_key

ROOT = "/api/v1"


class Caller:
    """Somebody with a key."""

    def __init__(self, user: User, key_id: int, secret: str) -> None:
        self.user, self.key_id, self.secret = user, key_id, secret
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Ask. A body that is no text is sent as JSON; headers are named with underscores."""
        sent = {"Authorization": f"Bearer {self.secret}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body)
        return self.client.generic(method.upper(), ROOT + path, data, "application/json", headers=sent)

    def get(self, path: str) -> Any:
        """The JSON of a GET that has to succeed."""
        return ok(self("get", path), 200)

    def post(self, path: str, body: Any = None, status: int = 202, **headers: str) -> Any:
        """The JSON of a POST that has to end with `status`."""
        return ok(self("post", path, body, **headers), status)


def ok(response: HttpResponse, status: int) -> Any:
    """The JSON of an answer that has to have `status`."""
    assert response.status_code == status, response.content.decode()
    return json.loads(response.content) if response.content else None


def person(role: Role | None, name: str = "") -> User:
    """A user with that role, called after it."""
    user = User.objects.create_user(name or f"{role or 'nobody'}".lower(), password="correct horse battery")
    if role:
        give_role(user, role)
    return user


def keyed(role: Role = Role.OPERATOR, name: str = "", **key: Any) -> Caller:
    """Somebody with a key; by default one that can do all that the role can."""
    user = User.objects.filter(username=name or role.lower()).first() or person(role, name)
    scopes = key.pop("scopes", None) or [scope for scope in Scope if scope in ROLE_SCOPES[role]]
    made, secret = create_key(actor=SYSTEM, owner=user, name="test", scopes=scopes, **key)
    Action.objects.filter(verb="create_key").delete()  # making the caller is not what a test is about
    return Caller(user, made.pk, secret)


def browser(role: Role | None = Role.OPERATOR, *, csrf: bool = False) -> Client:
    """A signed-in browser; with `csrf` it is held to the token as in life."""
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
    return client
