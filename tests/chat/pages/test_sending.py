"""What the Send button says in every state, and to whom."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Generator
from controlpanel.models import User
from deployments.models import Freeze
from deployments.planning.power import Role
from tests.deployments.pages.conftest import person
from tests.deployments.pages.states import States

Browser = Callable[[User], Client]


def send(client: Client, slug: str) -> str:
    return client.get(f"/deployments/{slug}/chat/send/").content.decode()


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("ready", "Send"),
        ("degraded", "Send"),
        ("waking", "Send when ready"),
        ("deploying", "Send when ready"),
    ],
)
def test_it_can_be_sent(states: States, anna: User, browser: Browser, state: str, label: str) -> None:
    getattr(states, state)()
    html = send(browser(anna), state)
    assert f"</svg>{label}</button>" in html
    assert "disabled" not in html


def test_asleep_it_names_the_price_of_waking(states: States, anna: User, browser: Browser) -> None:
    states.asleep()
    html = send(browser(anna), "asleep")
    assert "Wake and send (about $" in html
    assert "disabled" not in html


@pytest.mark.parametrize(
    ("state", "role", "said"),
    [
        ("off", Role.MEMBER, "An Operator starts it"),
        ("off", Role.OPERATOR, "Start it first"),
        ("failed", Role.MEMBER, "It failed to start. An Operator starts it"),
        ("failed", Role.OPERATOR, "It failed to start. Start it first"),
        ("stopping", Role.MEMBER, "Send again when it is asleep"),
    ],
)
def test_it_says_why_not_and_what_helps(
    states: States, browser: Browser, state: str, role: Role, said: str
) -> None:
    getattr(states, state)()
    html = send(browser(person(role)), state)
    assert said in html
    assert " disabled" in html
    assert (f'href="/deployments/{state}/start/"' in html) is (role is Role.OPERATOR)


def test_frozen_nothing_is_sent(states: States, anna: User, browser: Browser) -> None:
    states.asleep()
    Freeze.objects.create(set_by_name="Ben", set_at=timezone.now())
    assert "Frozen: nothing can be lit" in send(browser(anna), "asleep")


def test_it_says_that_nobody_writes_replies(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    Generator.objects.update(stopped_at=timezone.now())
    html = send(browser(anna), "ready")
    assert "runner) is not running" in html
    assert "disabled" not in html


def test_an_unchanged_button_is_not_sent_again(states: States, anna: User, browser: Browser) -> None:
    states.ready()
    client = browser(anna)
    mark = send(client, "ready").split('data-fp="')[1].split('"')[0]
    again = client.get("/deployments/ready/chat/send/", headers={"Panel-Have": mark})
    assert again.status_code == 204
