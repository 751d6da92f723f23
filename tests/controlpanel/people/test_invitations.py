"""Invitations: made once, shown once, used once, and taken back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.utils import timezone

from controlpanel.models import Invitation, User
from controlpanel.roles import role_of
from controlpanel.tasks import forget
from deployments.models import Action
from deployments.planning.power import Role

SignedIn = Callable[[Role | None], Client]
PERSON = {"first_name": "Anna", "username": "anna", "password1": "kite under 9", "password2": "kite under 9"}


def invited(client: Client, **more: Any) -> str:
    """The path of a fresh link."""
    page = client.post("/people/invite/", {"role": "Operator", "days": "3"} | more).content.decode()
    found = re.search(r"/accounts/invitation/[\w-]+/", page)
    assert found, page
    return found[0]


def test_an_invited_person_chooses_and_is_in(signed_in: SignedIn) -> None:
    path = invited(signed_in(Role.ADMIN), whom="Anna of support")
    guest = Client()
    asked = guest.get(path)
    assert "admin invites you" in asked.content.decode()
    assert "no-store" in asked["Cache-Control"]
    assert guest.post(path, PERSON)["Location"] == "/"
    anna = User.objects.get(username="anna")
    assert get_user(guest) == anna
    assert role_of(anna) is Role.OPERATOR
    assert (anna.display_name, anna.check_password("kite under 9")) == ("Anna", True)
    assert [a.summary for a in Action.objects.order_by("id")] == [
        "admin invited Anna of support as Operator.",
        "Anna came in by invitation as Operator.",
    ]


def test_a_link_lets_one_in_and_nobody_after(signed_in: SignedIn) -> None:
    path = invited(signed_in(Role.ADMIN))
    Client().post(path, PERSON)
    for response in (Client().get(path), Client().post(path, PERSON | {"username": "ben"})):
        assert response.status_code == 410
        assert "does not work any more" in response.content.decode()
    assert not User.objects.filter(username="ben").exists()


def test_what_was_typed_stays_beside_what_is_wrong(signed_in: SignedIn) -> None:
    path = invited(signed_in(Role.ADMIN))
    response = Client().post(path, PERSON | {"username": "admin", "password2": "other"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="Anna"' in page
    assert "already exists" in page
    assert "match" in page
    assert Client().post(path, PERSON | {"password1": "123", "password2": "123"}).status_code == 422
    assert Client().post(path, PERSON).status_code == 302, "a miss used nothing up"


def test_taking_back_ends_the_link(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMIN)
    path = invited(client, whom="Anna")
    number = Invitation.objects.get().pk
    assert "Take back the invitation of Anna" in client.get("/people/").content.decode()
    for _ in range(2):
        assert client.post(f"/people/invitations/{number}/take-back/").status_code == 302
    assert Client().get(path).status_code == 410
    assert "No invitation is open" in client.get("/people/").content.decode()
    assert Action.objects.filter(verb="take_back_invitation").count() == 1


def test_time_ends_the_link_and_its_row(signed_in: SignedIn) -> None:
    path = invited(signed_in(Role.ADMIN))
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(path, PERSON).status_code == 410
    forget()
    assert not Invitation.objects.exists()


def test_token_is_kept_nowhere(signed_in: SignedIn) -> None:
    token = invited(signed_in(Role.ADMIN)).split("/")[3]
    assert token not in str(Invitation.objects.values().get())
    assert token not in str(list(Action.objects.values()))


def test_link_is_mailed_where_mail_is_set_up(signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMIN)
    path = invited(client, email="anna@example.org")
    (sent,) = mail.outbox
    assert sent.to == ["anna@example.org"]
    assert path in sent.body
    assert client.post("/people/invite/", {"role": "Viewer", "days": "3", "email": "no"}).status_code == 422


def test_without_mail_the_form_says_so_and_asks_for_no_address(signed_in: SignedIn, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = signed_in(Role.ADMIN).get("/people/invite/").content.decode()
    assert "This panel sends no mail" in page
    assert 'name="email"' not in page


def test_mail_server_that_refuses_is_said(signed_in: SignedIn, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    sent = {"role": "Viewer", "days": "3", "email": "anna@example.org"}
    page = signed_in(Role.ADMIN).post("/people/invite/", sent).content.decode()
    assert "did not take it" in page
    assert "/accounts/invitation/" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.OPERATOR])
def test_only_an_admin_invites(signed_in: SignedIn, role: Role) -> None:
    assert signed_in(role).post("/people/invite/", {"role": "Admin", "days": "3"}).status_code == 403
    assert not Invitation.objects.exists()
