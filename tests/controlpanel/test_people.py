"""Signing in, by password and by link, and one's own page."""

import re
from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth import get_user
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from controlpanel.models import OneTimeLink, User
from controlpanel.people.first_admin import ensure_first_admin
from controlpanel.people.link import new_link
from controlpanel.roles import role_of
from deployments.planning.power import Role

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", password="correct horse")


def path(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


def try_password(client: Client, password: str, **extra: str) -> object:
    return client.post(LOGIN, {"username": "anna", "password": password, **extra})


def test_the_right_password_signs_in_and_goes_on(client: Client, anna: User) -> None:
    response = try_password(client, "correct horse", next="/costs/")
    assert response.status_code == 302
    assert response["Location"] == "/costs/"
    assert get_user(client) == anna


def test_sign_in_leads_to_no_other_site(client: Client, anna: User) -> None:
    assert try_password(client, "correct horse", next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password_says_how_many_tries_are_left(client: Client, anna: User) -> None:
    first, second = try_password(client, "no"), try_password(client, "no")
    assert "4 tries left" in first.content.decode()
    assert "3 tries left" in second.content.decode()


def test_an_unknown_name_is_told_the_same_as_a_wrong_password(client: Client, anna: User) -> None:
    response = client.post(LOGIN, {"username": "otto", "password": "no"})
    assert "User name and password do not match." in response.content.decode()


def test_five_misses_lock_the_name_and_say_for_how_long(client: Client, anna: User) -> None:
    for _ in range(5):
        response = try_password(client, "no")
    assert response.status_code == 429
    assert "15 min" in response.content.decode()
    assert try_password(client, "correct horse").status_code == 429
    assert not get_user(client).is_authenticated


def test_a_link_opens_a_locked_name(client: Client, anna: User) -> None:
    for _ in range(5):
        try_password(client, "no")
    assert client.post(path(new_link(anna))).status_code == 302


def test_an_inactive_person_cannot_sign_in(client: Client, anna: User) -> None:
    User.objects.update(is_active=False)
    try_password(client, "correct horse")
    assert not get_user(client).is_authenticated


def test_looking_at_a_link_does_not_use_it_up(client: Client, anna: User) -> None:
    link = path(new_link(anna))
    assert "Sign in as anna" in client.get(link).content.decode()
    assert client.head(link).status_code == 200
    client.post(link)
    assert get_user(client) == anna


def test_a_used_link_says_so_and_what_to_do(client: Client, anna: User) -> None:
    link = path(new_link(anna))
    Client().post(link)
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 410
        assert "sign_in_link --user" in response.content.decode()
    assert not get_user(client).is_authenticated


def test_an_over_link_does_nothing(client: Client, anna: User) -> None:
    link = path(new_link(anna))
    OneTimeLink.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert client.post(link).status_code == 410


def test_the_link_page_is_kept_nowhere(client: Client, anna: User) -> None:
    response = client.get(path(new_link(anna)))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"


def test_posting_a_link_needs_the_page_first(anna: User) -> None:
    assert Client(enforce_csrf_checks=True).post(path(new_link(anna))).status_code == 403


def test_signing_out_needs_a_post(client: Client, anna: User) -> None:
    client.force_login(anna, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not get_user(client).is_authenticated


def test_profile_keeps_theme_and_zone(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.MEMBER)
    client.post(reverse("profile"), {"theme": "dark", "time_zone": "Asia/Tokyo", "first_name": "M"})
    user = get_user(client)
    assert (user.theme, user.time_zone, user.first_name) == ("dark", "Asia/Tokyo", "M")


def test_profile_refuses_an_unknown_zone(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.MEMBER)
    response = client.post(reverse("profile"), {"theme": "dark", "time_zone": "Mars/Olympus"})
    assert response.status_code == 200
    assert get_user(client).time_zone == "UTC"


def test_profile_cannot_give_power(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.VIEWER)
    form = {"theme": "dark", "time_zone": "UTC", "is_superuser": "on", "groups": "4", "username": "root"}
    client.post(reverse("profile"), form)
    user = get_user(client)
    assert (user.is_superuser, role_of(user), user.username) == (False, Role.VIEWER, "viewer")


def test_changing_the_password_keeps_this_browser_signed_in(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.MEMBER)
    new = {"new_password1": "battery staple 9", "new_password2": "battery staple 9", "set_password": ""}
    assert client.post(reverse("profile"), {**new, "old_password": "wrong"}).status_code == 200
    assert client.post(reverse("profile"), {**new, "old_password": "correct horse"}).status_code == 302
    user = get_user(client)
    assert user.check_password("battery staple 9")


def test_who_came_by_link_sets_a_first_password(client: Client) -> None:
    admin = ensure_first_admin()
    client.post(path(new_link(admin)))
    new = {"new_password1": "battery staple 9", "new_password2": "battery staple 9", "set_password": ""}
    assert client.post(reverse("profile"), new).status_code == 302
    assert get_user(client).check_password("battery staple 9")


def test_the_first_admin_is_made_once_and_keeps_its_password() -> None:
    first = ensure_first_admin("battery staple 9")
    again = ensure_first_admin("another one")
    assert first == again
    assert again.check_password("battery staple 9")
    assert role_of(again) is Role.ADMIN


def test_without_a_password_only_a_link_leads_in() -> None:
    assert not ensure_first_admin().has_usable_password()


def test_the_commands_print_a_link_that_works(client: Client) -> None:
    for command in (["first_admin"], ["sign_in_link", "--user", "admin"]):
        out = StringIO()
        call_command(*command, stdout=out)
        lines = out.getvalue().splitlines()
        assert len(lines) == 1
        assert client.post(path(lines[0])).status_code == 302


def test_no_link_for_who_is_not_there(anna: User) -> None:
    with pytest.raises(CommandError, match=r"nobody called otto.*anna"):
        call_command("sign_in_link", "--user", "otto")


def test_no_second_admin_beside_others(anna: User) -> None:
    with pytest.raises(CommandError, match="sign_in_link --user"):
        call_command("first_admin")
