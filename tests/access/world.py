"""A panel with something of everything, and the people who try it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.messages import get_messages
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from controlpanel.models import Invitation, User
from controlpanel.roles import give_role
from deployments.models import Deployment, Lease, Orphan
from deployments.planning.power import SYSTEM, Role, Scope
from deployments.planning.presets import GLM_5_2_FP8
from gateway.keys import create_key
from tests.deployments.pages.states import States

from .table import Row

PEOPLE = ("stranger", "nobody", *Role)
CONFIG = GLM_5_2_FP8.to_json() | {"app_name": "another"}
SENT_BACK = 400
LATER = (datetime.now(UTC) + timedelta(hours=3)).isoformat()


class World:
    """Four deployments, a run, a lease, a key, an invitation and a person to change."""

    def __init__(self) -> None:
        states = States(timezone.now())
        for state in ("off", "asleep", "ready"):
            getattr(states, state)()
        bare = states.off("bare")
        bare.config = bare.config | {"volumes": {}}  # where to read from a volume would ask the provider
        bare.save(update_fields=["config"])
        self.ben = _person("ben", Role.MEMBER)
        key, _ = create_key(actor=SYSTEM, owner=self.ben, name="of Ben", scopes=["read"])
        soon = timezone.now() + timedelta(days=1)
        invitation, _ = Invitation.objects.make(
            role=Role.VIEWER, whom="Anna", email="", by=None, now=timezone.now(), expires_at=soon
        )
        orphan = Orphan.objects.create(
            account=Deployment.objects.get(slug="ready").account, app_id="ap-lost", app_name="lost",
            kind="panel", first_seen_at=timezone.now(), last_seen_at=timezone.now(),
        )  # fmt: skip
        run = Deployment.objects.get(slug="ready").runs.latest("id")
        self.lease = Lease.objects.latest("id").pk
        self._ids = {
            "lease_id": self.lease, "key_id": key.pk, "person_id": self.ben.pk, "number": 1, "run_id": run.pk,
            "invitation_id": invitation.pk, "token": "x", "orphan_id": orphan.pk,
            "account_id": states.account.pk, "secret": "token",
        }  # fmt: skip

    def address(self, route: str, slug: str = "") -> str:
        """An address of the route. What the world has nothing of is called x or 1, and is not found."""
        names = {**self._ids, "slug": slug or "ready"}
        if route.startswith("/^"):
            return "/api/v1"  # the one route that is a pattern: whatever else is under it
        nothing = {"int": 1}
        return re.sub(
            r"<(?:(\w+):)?(\w+)>", lambda found: str(names.get(found[2], nothing.get(found[1], "x"))), route
        )

    def status(self, client: Client, row: Row, **headers: str) -> int:
        """How the row's request ends for `client`."""
        return status_of(self.ask(client, row, **headers))

    def ask(self, client: Client, row: Row, **headers: str) -> HttpResponseBase:
        """What the row asks for, as `client`; nothing of it stays, in the database or in the browser."""
        cookies = client.cookies.copy()
        with transaction.atomic():
            response = self._send(client, row, headers)
            transaction.set_rollback(True)
        client.cookies = cookies
        return response

    def _send(self, client: Client, row: Row, headers: dict[str, str]) -> HttpResponseBase:
        address, sent = self.address(row.route, row.slug), self._filled(row.sent)
        if "/api/" in address:
            body = "" if sent is None else json.dumps(sent)
            return client.generic(row.method, address, body, "application/json", headers=headers)
        if row.method == "POST":
            return client.post(address, sent or {}, headers=headers)
        return client.generic(row.method, address, headers=headers)

    def _filled(self, sent: Any) -> Any:
        words = {"LATER": LATER, "LEASE": self.lease, "CONFIG": CONFIG}
        return {key: words.get(str(value), value) for key, value in sent.items()} if sent else None


def status_of(response: Any) -> int:
    """The status; SENT_BACK for a page that goes back with an error."""
    said = get_messages(response.wsgi_request) if response.status_code == 302 else ()
    return SENT_BACK if any(one.level_tag == "error" for one in said) else int(response.status_code)


def browser(name: str) -> Client:
    """Of a stranger, of somebody without a role (`nobody`), or of somebody with that role."""
    client = Client()
    if name != "stranger":
        user = _person(f"a-{name.lower()}", None if name == "nobody" else Role(name))
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def key_with(scope: Scope) -> str:
    """The header of an Admin's key that has this scope alone."""
    owner = _person(f"key-{scope}", Role.ADMIN)
    return f"Bearer {create_key(actor=SYSTEM, owner=owner, name='test', scopes=[scope])[1]}"


def _person(name: str, role: Role | None) -> User:
    user = User.objects.create_user(name, password="correct horse battery")
    if role:
        give_role(user, role)
    return user
