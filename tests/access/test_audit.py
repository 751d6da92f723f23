"""Whatever changes something leaves a line in the record. A new address that changes something needs its line,
or the reason why it has none."""

import inspect
from importlib import import_module
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from deployments.models import Action
from deployments.planning.power import Role
from deployments.services import outside
from tests.fakes.provider import FakeProvider

from .table import Row, rows
from .world import World, browser, status_of

pytestmark = pytest.mark.django_db

CHANGING = [row for row in rows() if row.method in ("POST", "PUT", "PATCH", "DELETE")]
_OWN_TALK = "a person's own conversation; what it asks of a server is usage"
_NOTHING = "changes nothing: it answers, or shows what would be"
# Why there is no line.
REASONS = {
    "/accounts/theme/": "how one's own pages look",
    "/models/fit/": _NOTHING,
    "/deployments/<slug:slug>/connect/check/": "asks the door with a key that is given",
    "/deployments/<slug:slug>/look/": "looks at the provider; kept apart with its time and who looked",
    "/deployments/<slug:slug>/settings/edit/preview/": _NOTHING,
    "/deployments/new/preview/": _NOTHING,
    "/deployments/<slug:slug>/schedules/price/": _NOTHING,
    "/settings/accounts/<int:account_id>/check/": "asks the provider who the account is",
    "/api/v1/deployments/<slug:slug>/preflight": _NOTHING,
    "/api/v1/deployments/<slug:slug>/schedules/preview": _NOTHING,
    "/api/v1/memory": _NOTHING,
    "/api/v1/accounts/<int:account_id>/check": "asks the provider who the account is",
    "/deployments/<slug:slug>/chat/ask/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/draft/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/attach/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/parameters/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/ask/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/draft/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/attach/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/detach/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/parameters/": _OWN_TALK,
    "/deployments/<slug:slug>/chat/<str:public_id>/rename/": _OWN_TALK,
    "/chat/messages/<str:public_id>/edit/send/": _OWN_TALK,
    "/chat/messages/<str:public_id>/regenerate/": _OWN_TALK,
    "/chat/messages/<str:public_id>/continue/": _OWN_TALK,
    "/chat/messages/<str:public_id>/stop/": _OWN_TALK,
    "/chat/messages/<str:public_id>/show/": _OWN_TALK,
}
# What the world has nothing of, so that the request ends with an error: where the line is written.
WRITTEN = {}


@pytest.fixture
def world(db: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    fake = FakeProvider(timezone.now)
    monkeypatch.setattr(outside, "provider_for", lambda account: fake)
    return World()


def lines_of(world: World, client: Client, row: Row) -> list[Action] | None:
    """The lines that a request left; None where it was refused. Nothing of it stays."""
    cookies, before = client.cookies.copy(), Action.objects.count()
    with transaction.atomic():
        response = world._send(client, row, {})
        ended = status_of(response)
        added = list(Action.objects.order_by("id")[before:])
        transaction.set_rollback(True)
    client.cookies = cookies
    return added if ended < 400 else None


def test_every_change_leaves_a_line_or_has_a_reason_for_none(world: World) -> None:
    client, told = browser(Role.ADMIN), set()
    for row in CHANGING:
        if row.route in REASONS:
            continue
        for line in lines_of(world, client, row) or []:
            told.add(row.route)
            assert line.actor_name, row.said
            assert line.summary.endswith("."), row.said
            assert "None" not in line.summary, line.summary
    assert {row.route for row in CHANGING} - told - set(REASONS) == set(WRITTEN)
