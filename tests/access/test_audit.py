"""Whatever changes something leaves a line in the record. A new address needs one, or the reason for none."""

import inspect
from importlib import import_module
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from deployments.models import Action
from deployments.planning.power import SYSTEM, Role
from deployments.services import audit, outside
from gateway.keys import create_key
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
_ACCOUNTS, _CHANNELS = "deployments.services.accounts", "deployments.services.channels"
_SCHEDULES, _RELEASES = "deployments.services.schedule_requests", "deployments.services.releases"
_WEIGHTS = "deployments.services.weights_requests"
_SIZES, _ROTATION = "deployments.services.model_sizes", "deployments.services.rotation"
WRITTEN = {
    "POST /accounts/invitation/<str:token>/": "controlpanel.people.inviting:come_in",
    "POST /accounts/link/<str:token>/": "controlpanel.people.link:one_time_link",
    "POST /accounts/login/": "controlpanel.people.sign_in:SignInView",
    "POST /accounts/profile/": "controlpanel.people.profile:_saved",
    "POST /api/v1/accounts": f"{_ACCOUNTS}:add",
    "DELETE /api/v1/accounts/<int:account_id>": f"{_ACCOUNTS}:remove",
    "POST /api/v1/accounts/<int:account_id>/rotate": f"{_ROTATION}:_record",
    "PUT /api/v1/deployments/<slug:slug>/configuration": f"{_RELEASES}:save_config",
    "DELETE /api/v1/deployments/<slug:slug>/download": f"{_WEIGHTS}:cancel_download",
    "PUT /api/v1/deployments/<slug:slug>/model-config": f"{_SIZES}:keep",
    "POST /api/v1/deployments/<slug:slug>/model-config/read": f"{_SIZES}:keep",
    "DELETE /api/v1/deployments/<slug:slug>/model-config": f"{_SIZES}:forget",
    "POST /api/v1/deployments/<slug:slug>/schedules": f"{_SCHEDULES}:save",
    "PATCH /api/v1/deployments/<slug:slug>/schedules/<int:schedule_id>": f"{_SCHEDULES}:set_enabled",
    "DELETE /api/v1/deployments/<slug:slug>/schedules/<int:schedule_id>": f"{_SCHEDULES}:remove",
    "DELETE /api/v1/freeze": "deployments.services.frozen:lift_freeze",
    "DELETE /api/v1/notifications/<int:channel_id>": f"{_CHANNELS}:remove",
    "POST /api/v1/notifications/<int:channel_id>/rotate": f"{_CHANNELS}:rotate_secret",
    "POST /costs/budgets/<int:budget_id>/remove/": "deployments.services.budget_requests:remove",
    "POST /deployments/<slug:slug>/chat/<str:public_id>/delete/": "chat.pages.keeping:delete",
    "POST /deployments/<slug:slug>/download/cancel/": f"{_WEIGHTS}:cancel_download",
    "POST /deployments/<slug:slug>/findings/<int:finding_id>/": f"{_RELEASES}:save_config",
    "POST /deployments/<slug:slug>/model-config/": f"{_SIZES}:forget",
    "POST /deployments/<slug:slug>/schedules/<int:schedule_id>/": f"{_SCHEDULES}:save",
    "POST /deployments/<slug:slug>/schedules/<int:schedule_id>/change/": f"{_SCHEDULES}:skip_next",
    "POST /deployments/<slug:slug>/schedules/new/": f"{_SCHEDULES}:save",
    "POST /deployments/<slug:slug>/settings/edit/": f"{_RELEASES}:save_config",
    "POST /deployments/<slug:slug>/settings/import/": f"{_RELEASES}:save_config",
    "POST /deployments/new/": f"{_RELEASES}:create_deployment",
    "POST /freeze/lift/": "deployments.services.frozen:lift_freeze",
    "POST /people/<int:person_id>/reactivate/": "controlpanel.people.changing:reactivate",
    "POST /settings/accounts/<int:account_id>/move-here/": "deployments.services.moving:move",
    "POST /settings/accounts/<int:account_id>/remove/": f"{_ACCOUNTS}:remove",
    "POST /settings/accounts/<int:account_id>/rotate/<slug:secret>/": f"{_ROTATION}:_record",
    "POST /settings/accounts/new/": f"{_ACCOUNTS}:add",
    "POST /settings/notifications/<int:channel_id>/remove/": f"{_CHANNELS}:remove",
    "POST /settings/notifications/<int:channel_id>/secret/": f"{_CHANNELS}:rotate_secret",
    "POST /settings/notifications/<int:channel_id>/switch/": f"{_CHANNELS}:switch",
    "POST /settings/notifications/<int:channel_id>/test/": f"{_CHANNELS}:send_test",
}
_REFUSED = 405


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
    client, told, asked = browser(Role.ADMIN), set[str](), set[str]()
    for row in CHANGING:
        if row.route in REASONS or row.people[0] == _REFUSED:
            continue
        asked.add(f"{row.method} {row.route}")
        for line in lines_of(world, client, row) or []:
            told.add(f"{row.method} {row.route}")
            assert line.actor_name, row.said
            assert line.summary.endswith("."), row.said
            assert "None" not in line.summary, line.summary
    assert sorted(asked - told) == sorted(WRITTEN)


@pytest.mark.parametrize("place", sorted(set(WRITTEN.values())))
def test_what_could_not_be_tried_is_written_where_it_is_done(place: str) -> None:
    module, name = place.split(":")
    source = inspect.getsource(getattr(import_module(module), name))
    assert "record(" in source or "record_action(" in source or "recording." in source


def test_a_sign_in_and_a_miss_are_kept_without_what_was_typed(db: None) -> None:
    browser("Viewer")
    client = Client()
    for name, word in (("a-viewer", "wrong"), ("hunter2-in-the-wrong-field", "x"), ("nobody-else", "x")):
        client.post("/accounts/login/", {"username": name, "password": word})
    client.post("/accounts/login/", {"username": "a-viewer", "password": "correct horse battery"})
    client.post("/accounts/logout/")
    kept = Action.objects.order_by("id").values_list("verb", "actor_name", "summary", "address")
    assert [one[:3] for one in kept] == [
        ("failed_sign_in", "a stranger", "Somebody could not sign in as a-viewer."),
        ("failed_sign_in", "a stranger", "Somebody could not sign in under a name that is nobody’s."),
        ("sign_in", "a-viewer", "a-viewer signed in with a password."),
        ("sign_out", "a-viewer", "a-viewer signed out."),
    ]
    assert {one[3] for one in kept} == {"127.0.0.1"}
    for _ in range(8):
        client.post("/accounts/login/", {"username": "a-viewer", "password": "wrong"})
    assert Action.objects.filter(verb="locked_out").count() == 1


def record_of(client: Client) -> dict[str, str]:
    """What somebody reads of the record: its page, its CSV, and REST."""
    csv = b"".join(client.get("/activity/activity.csv").streaming_content)  # type: ignore[attr-defined]
    return {
        "page": client.get("/activity/").content.decode(),
        "csv": csv.decode(),
        "rest": client.get("/api/v1/actions").content.decode(),
    }


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
def test_only_admins_read_of_failed_sign_ins_and_from_where_others_came(db: None, role: Role) -> None:
    ben = browser(Role.MEMBER)
    ben.post("/accounts/logout/")
    Action.objects.update(address="192.0.2.99")
    client, own = browser(role), f"a-{role.lower()}"
    for name, address in (("a-member", "198.51.100.1"), ("nobody-s", "198.51.100.2"), (own, "198.51.100.3")):
        Client(REMOTE_ADDR=address).post("/accounts/login/", {"username": name, "password": "wrong"})
    Action.objects.create(
        at=timezone.now(), user_id=int(client.session["_auth_user_id"]), actor_name=own, via="page",
        address="203.0.113.4", verb="start", summary="Lit it.",
    )  # fmt: skip
    for where, text in record_of(client).items():
        seen = {end for end in ("192.0.2.99", "198.51.100.1", "198.51.100.2") if end in text}
        assert seen == ({"192.0.2.99", "198.51.100.1", "198.51.100.2"} if role is Role.ADMIN else set()), (
            where
        )
        assert "a-member signed out." in text, where
        assert ("sign in as a-member." in text) is (role is Role.ADMIN), where
        assert f"sign in as {own}." in text, where
        assert "198.51.100.3" in text, where
        assert "203.0.113.4" in text, where


def test_an_admins_key_without_admin_reads_no_more_than_a_member_and_pages_are_full(db: None) -> None:
    client = browser(Role.ADMIN)
    owner = User.objects.get(username="a-admin")
    _, secret = create_key(actor=SYSTEM, owner=owner, name="reads", scopes=["read"])
    for number in range(6):
        verb = "failed_sign_in" if number % 2 else "start"
        Action.objects.create(
            at=timezone.now(), actor_name="x", via="page", address="192.0.2.9", verb=verb, target="ben",
            summary=f"deed {number}",
        )  # fmt: skip
    Action.objects.filter(verb="create_key").delete()
    keyed = Client(headers={"Authorization": f"Bearer {secret}"})
    first = keyed.get("/api/v1/actions?limit=2").json()
    rest = keyed.get(f"/api/v1/actions?limit=2&cursor={first['next']}").json()
    assert [one["summary"] for one in first["items"] + rest["items"]] == ["deed 4", "deed 2", "deed 0"]
    assert {one["address"] for one in first["items"]} == {""}
    assert rest["next"] is None
    assert keyed.get("/api/v1/actions?verb=failed_sign_in").json()["items"] == []
    reader = browser(Role.VIEWER)
    assert 'value="failed_sign_in"' not in reader.get("/activity/").content.decode()
    assert 'value="failed_sign_in"' in client.get("/activity/").content.decode()


def test_no_secret_comes_into_the_record(db: None) -> None:
    details = {"env": {"before": {"HF_TOKEN": "hf_x"}, "after": {"MODE": "fast"}}, "said": "Bearer abc"}
    row = audit.record(SYSTEM, "configure", summary="With --api-key abc.", details=details)
    row.refresh_from_db()
    assert row.summary == "With --api-key ***"
    assert row.details == {
        "env": {"before": {"HF_TOKEN": "***"}, "after": {"MODE": "fast"}},
        "said": "Bearer ***",
    }
