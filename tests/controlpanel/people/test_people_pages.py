"""People: the list, roles, out and in again, and never a panel without an admin."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlpanel.models import OneTimeLink, User
from controlpanel.people.changing import change_role, deactivate
from controlpanel.people.link import new_link
from controlpanel.roles import give_role, role_of
from deployments.models import Action
from deployments.planning.power import SYSTEM, Role, Via
from deployments.public import Refused
from gateway.keys import create_key
from gateway.public import actor_for_key

pytestmark = pytest.mark.django_db

SignedIn = Callable[[Role | None], Client]


def somebody(name: str, role: Role | None = Role.MEMBER, **more: object) -> User:
    user = User.objects.create_user(name, password="correct horse", **more)
    if role:
        give_role(user, role)
    return user


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_list_says_role_keys_and_state(signed_in: SignedIn) -> None:
    anna = somebody("anna", Role.OPERATOR, first_name="Anna")
    create_key(actor=SYSTEM, owner=anna, name="laptop", scopes=["chat"])
    somebody("ben", Role.VIEWER, is_active=False)
    somebody("new", None)
    page = text(signed_in(Role.ADMIN), "/people/")
    for said in ("Anna", "Operator", '<a href="/keys/?owner=anna">1</a>', "deactivated", "may do nothing"):
        assert said in page, said


def test_queries_do_not_grow_with_people(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMIN)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/people/").status_code == 200
        return len(caught)

    few = count()
    for number in range(5):
        somebody(f"p{number}")
    assert count() == few


def test_a_role_is_changed_and_recorded(signed_in: SignedIn) -> None:
    anna = somebody("anna")
    client = signed_in(Role.ADMIN)
    page = client.post(f"/people/{anna.pk}/", {"role": "Operator"}, follow=True).content.decode()
    assert "The role is changed." in page
    assert role_of(User.objects.get(pk=anna.pk)) is Role.OPERATOR
    action = Action.objects.get(verb="change_role")
    assert action.summary == "admin made anna Operator, until then Member."
    client.post(f"/people/{anna.pk}/", {"role": "Operator"})
    assert Action.objects.filter(verb="change_role").count() == 1
    assert client.post(f"/people/{anna.pk}/", {"role": "King"}).status_code == 422


def test_a_superuser_who_is_made_member_is_member(signed_in: SignedIn) -> None:
    boss = User.objects.create_superuser("boss")
    signed_in(Role.ADMIN).post(f"/people/{boss.pk}/", {"role": "Member"})
    assert role_of(User.objects.get(pk=boss.pk)) is Role.MEMBER


def test_deactivating_ends_sessions_links_and_keys_at_once(signed_in: SignedIn) -> None:
    anna = somebody("anna")
    secret = create_key(actor=SYSTEM, owner=anna, name="laptop", scopes=["read"])[1]
    link = new_link(anna)
    hers = Client()
    hers.force_login(anna, backend="django.contrib.auth.backends.ModelBackend")
    assert hers.get("/").status_code == 200
    client = signed_in(Role.ADMIN)
    page = client.post(f"/people/{anna.pk}/deactivate/", follow=True).content.decode()
    assert "anna is signed out everywhere" in page
    assert hers.get("/").status_code == 302
    assert actor_for_key(secret, via=Via.API) is None
    assert not OneTimeLink.objects.exists()
    client.post(f"/people/{anna.pk}/reactivate/")
    assert hers.get("/").status_code == 302, "the old session stays ended"
    assert Client().post(re.sub(r"^https?://[^/]+", "", link)).status_code == 410
    assert actor_for_key(secret, via=Via.API) is not None
    assert [a.verb for a in Action.objects.order_by("id")][-2:] == ["deactivate", "reactivate"]
    assert client.get("/").status_code == 200, "nobody else was signed out"


def test_the_last_admin_stays(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMIN)
    me = User.objects.get(username="admin")
    for path, data in ((f"/people/{me.pk}/deactivate/", {}), (f"/people/{me.pk}/", {"role": "Member"})):
        page = client.post(path, data, follow=True).content.decode()
        assert "another admin can" in page
    assert role_of(User.objects.get(pk=me.pk)) is Role.ADMIN


def test_nobody_takes_the_last_admin_away_either() -> None:
    """Somebody who was admin when the request began, and is none any more."""
    boss = somebody("boss", Role.ADMIN)
    with pytest.raises(Refused, match="last admin"):
        deactivate(boss, actor=SYSTEM)
    with pytest.raises(Refused, match="last admin"):
        change_role(boss, Role.VIEWER, actor=SYSTEM)
    assert role_of(User.objects.get(pk=boss.pk)) is Role.ADMIN


def test_the_admin_site_changes_neither_role_nor_activity(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMIN)
    me = User.objects.get()
    form = {"username": "admin", "theme": "system", "time_zone": "UTC"}
    assert client.post(f"/admin/controlpanel/user/{me.pk}/change/", form).status_code == 302
    assert client.post(f"/admin/controlpanel/user/{me.pk}/delete/", {"post": "yes"}).status_code == 403
    assert role_of(User.objects.get()) is Role.ADMIN


def test_a_forgotten_password_gets_a_link_in_one_answer(signed_in: SignedIn) -> None:
    anna = somebody("anna")
    client = signed_in(Role.ADMIN)
    response = client.post(f"/people/{anna.pk}/sign-in-link/")
    assert "/accounts/link/" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "/accounts/link/" not in text(client, f"/people/{anna.pk}/")
    assert Action.objects.filter(verb="make_sign_in_link", target="anna").exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.OPERATOR])
def test_people_are_an_admins_affair(signed_in: SignedIn, role: Role) -> None:
    client = signed_in(role)
    me = User.objects.get()
    assert client.get("/people/").status_code == 403
    assert client.post(f"/people/{me.pk}/", {"role": "Admin"}).status_code == 403
    assert "/people/" not in text(client, "/")
    assert role_of(User.objects.get()) is role
