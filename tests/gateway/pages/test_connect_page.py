"""Connect: configurations around this panel's address, a key in one answer, a check that wakes nothing."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client

from deployments.models import Freeze
from deployments.planning.power import SYSTEM, Role
from gateway.keys import create_key
from gateway.models import ApiKey
from tests.deployments.pages.conftest import person
from tests.deployments.pages.states import States

PAGE = "/deployments/asleep/connect/"
CHECK = f"{PAGE}check/"
Browser = Callable[..., Client]


@dataclass
class Door:
    """A server at the panel's address that answers the list of models; what it was asked."""

    url: str
    status: int = 200
    body: bytes = json.dumps({"data": [{"id": "asleep", "deployment": "asleep"}]}).encode()


@pytest.fixture
def door(settings: Any) -> Iterator[Door]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Door(f"http://127.0.0.1:{server.server_port}")
    settings.PANEL_PUBLIC_URL = found.url
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def said(client: Client, key: str) -> list[str]:
    page = client.post(CHECK, {"key": key}, headers={"HX-Request": "true"}).content.decode()
    lines = re.findall(r'<li data-said="(\w+)">.*?<b>(.*?)</b>(.*?)</span></li>', page)
    return [f"{how}: {title}{text}" for how, title, text in lines]


def key_of(name: str, role: Role = Role.MEMBER, **more: Any) -> str:
    """The secret of a key of somebody new."""
    fields: dict[str, Any] = {"scopes": ["read", "chat", "wake"], "name": name} | more
    return create_key(actor=SYSTEM, owner=person(role, name), **fields)[1]


def test_every_client_gets_the_public_address_and_the_listed_name(
    browser: Browser, states: States, settings: Any
) -> None:
    settings.PANEL_PUBLIC_URL = "https://panel.example.org"
    states.asleep(name="GLM “5.2” </pre><script>")
    page = browser(Role.VIEWER).get(PAGE).content.decode()
    assert "<script>" not in page.split("<body")[1]
    assert "GLM “5.2” </pre><script>" in unescape(page)
    assert page.count("https://panel.example.org") >= 9
    assert "made here, or read from" in page
    assert "A Member can make keys" in page


def test_two_deployments_of_one_name_are_called_by_their_slug(browser: Browser, states: States) -> None:
    states.asleep()
    client = browser(Role.VIEWER)
    assert '<code id="model">glm-5.2-fp8</code>' in client.get(PAGE).content.decode()
    states.asleep("other", "Other")
    assert '<code id="model">asleep</code>' in client.get(PAGE).content.decode()


def test_timeout_says_where_it_comes_from(browser: Browser, states: States) -> None:
    states.asleep()
    states.ready()
    client = browser(Role.VIEWER)
    # recipe: 275 s x 1.35 = 371.25 s; 1.25 x 371.25 + 600 = 1064 s, up to 18 min
    page = client.get(PAGE).content.decode()
    assert "<b>18 min</b> for one request" in page
    assert "no history yet: a slow cold start takes 6 min 11 s" in page
    # seven starts of 275 s: 1.25 x 275 + 600 = 943.75 s, up to 16 min
    page = client.get("/deployments/ready/connect/").content.decode()
    assert "<b>16 min</b> for one request" in page
    assert "nine of ten of the last 7 cold starts took under 4 min 35 s" in page


def test_fresh_key_is_filled_in_once_and_reaches_this_deployment_alone(
    browser: Browser, states: States
) -> None:
    states.asleep()
    client = browser(Role.MEMBER)
    sent = {"name": "laptop", "when_asleep": "answer", "form_token": "a"}
    response = client.post(PAGE, sent)
    page = response.content.decode()
    (secret,) = set(re.findall(r"pl_[\w-]{43}", page))
    assert page.count(secret) >= 9
    assert "no-store" in response["Cache-Control"]
    key = ApiKey.objects.get()
    assert (key.name, key.scopes, key.deployments) == ("laptop", ["read", "chat", "wake"], ["asleep"])
    assert key.when_asleep == "answer"
    assert secret not in client.get(PAGE).content.decode()
    assert "was sent before" in client.post(PAGE, sent).content.decode()
    assert ApiKey.objects.count() == 1


def test_viewer_makes_none(browser: Browser, states: States) -> None:
    states.asleep()
    assert browser(Role.VIEWER).post(PAGE, {"name": "laptop"}).status_code == 403
    assert ApiKey.objects.count() == 0


def test_check_says_what_a_request_would_meet(browser: Browser, states: States, door: Door) -> None:
    states.asleep()
    lines = said(browser(Role.VIEWER), key_of("anna"))
    assert lines[0] == f"yes: Address. {door.url}/v1 is answered by this panel."
    assert lines[1] == "yes: Key. “anna” of anna."
    assert lines[2] == "yes: Powers. It may read, chat, wake."
    assert lines[3] == "yes: Model. “asleep” is in the list that this key gets."
    assert lines[4].startswith("info: State. Asleep.")
    assert lines[5] == (
        "info: A request now. It wakes the server and waits: about 4½ min and about $2.80 until it is ready."
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"when_asleep": "answer"}, "wakes the server and is told with 503"),
        ({"when_asleep": "refuse"}, "refused with 403"),
        ({"scopes": ["chat"]}, "refused with 403"),
        ({"scopes": ["read"]}, "no: Powers. It has no chat"),
        ({"deployments": ["another"]}, "no: Powers. It is limited to another"),
    ],
)
def test_check_reads_the_keys_own_settings(
    browser: Browser, states: States, door: Door, more: Any, expected: str
) -> None:
    states.asleep()
    assert expected in " ".join(said(browser(Role.VIEWER), key_of("anna", **more)))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("ready", "answered at once"),
        ("waking", "It waits about 3 min until"),
        ("off", "refused with 403"),
        ("failed", "It is refused with the reason"),
    ],
)
def test_check_knows_the_state(
    browser: Browser, states: States, door: Door, state: str, expected: str
) -> None:
    getattr(states, state)("asleep")
    assert expected in said(browser(Role.VIEWER), key_of("anna"))[-1]


def test_check_knows_what_forbids_a_start(browser: Browser, states: States, door: Door) -> None:
    made = states.asleep(weights_present=False)
    client, key = browser(Role.VIEWER), key_of("anna")
    assert "the weights are not in the volume" in said(client, key)[-1]
    made.weights_present = True
    made.save(update_fields=["weights_present"])
    Freeze.objects.create(set_at=states.now, set_by_name="Ben")
    assert "the panel is frozen" in said(client, key)[-1]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (502, b"bad gateway", "no: Address."),
        (200, b"<html>", "mind: Address. The panel could not reach"),
        (401, b"{}", "yes: Address."),
    ],
)
def test_check_tells_another_server_from_this_panel(
    browser: Browser, states: States, door: Door, status: int, body: bytes, expected: str
) -> None:
    states.asleep()
    door.status, door.body = status, body
    lines = said(browser(Role.VIEWER), key_of("anna"))
    assert lines[0].startswith(expected)
    assert lines[3].startswith("mind: Model.")


def test_unreachable_address_is_no_error(browser: Browser, states: States, settings: Any) -> None:
    settings.PANEL_PUBLIC_URL = "http://127.0.0.1:1"
    states.asleep()
    assert said(browser(Role.VIEWER), key_of("anna"))[0].startswith("mind: Address. The panel could not")


def test_wrong_and_missing_keys_are_said(browser: Browser, states: States, door: Door) -> None:
    states.asleep()
    client = browser(Role.VIEWER)
    assert said(client, " ") == ["no: Key. Paste a key, or make one here."]
    assert said(client, "pl_wrong")[1].startswith("no: Key. It opens nothing")


def test_check_works_without_scripts_and_keeps_the_snippets_filled(
    browser: Browser, states: States, door: Door
) -> None:
    states.asleep()
    secret = key_of("anna")
    page = browser(Role.VIEWER).post(CHECK, {"key": secret}).content.decode()
    assert "is answered by this panel" in page
    assert page.count(secret) >= 9
