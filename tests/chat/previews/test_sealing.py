"""The answer that carries a preview."""

from collections.abc import Callable

import pytest
from django.test import Client

from chat.previews.sealing import HEADERS, sealed
from controlpanel.models import User
from sandbox.engine.showcase import html_page
from tests.chat.pages.conftest import address, anna, browser, states, talk  # noqa: F401
from tests.deployments.pages.states import States

Browser = Callable[[User], Client]
POLICY = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))


@pytest.mark.parametrize(
    "name", ["default-src", "connect-src", "frame-src", "object-src", "form-action", "base-uri"]
)
def test_nothing_may_leave(name: str) -> None:
    assert POLICY[name] == "'none'"


def test_no_source_is_a_place_on_the_network() -> None:
    words = {word for name, value in POLICY.items() for word in value.split() if name != "sandbox"}
    assert words <= {"'none'", "'self'", "'unsafe-inline'", "'unsafe-eval'", "blob:", "data:"}
    assert [name for name, value in POLICY.items() if "'self'" in value] == ["frame-ancestors"]


def test_the_frame_has_no_origin_and_no_way_up() -> None:
    assert POLICY["sandbox"].split() == ["allow-scripts", "allow-pointer-lock"]


@pytest.mark.parametrize(
    "source",
    [
        "<!doctype html><html><body>x</body></html>",
        "<!-- a --><!DOCTYPE html>\n<html></html>",
        "<html></html>",
    ],
)
def test_the_panels_script_comes_first_and_the_doctype_stays(source: str) -> None:
    whole = sealed(source)
    assert whole.index("<script>") < whole.index("<html")
    assert whole.lower().startswith(("<!doctype", "<!--", "<script>"))


def test_it_is_answered_sealed(states: States, anna: User, browser: Browser) -> None:  # noqa: F811
    states.ready()
    row = talk(anna, "ready", "A game, please.", html_page())
    reply, client = row.messages.last(), browser(anna)
    response = client.get(f"/chat/previews/{reply.public_id}/0/")
    assert response["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "private, no-store"
    assert "Keep the flame" in response.content.decode()
    assert client.get(f"/chat/previews/{reply.public_id}/1/").status_code == 404


def test_it_is_never_a_page_of_its_own(states: States, anna: User, browser: Browser) -> None:  # noqa: F811
    states.ready()
    row = talk(anna, "ready", "A game, please.", html_page())
    reply, client = row.messages.last(), browser(anna)
    alone = client.get(f"/chat/previews/{reply.public_id}/0/", headers={"Sec-Fetch-Dest": "document"})
    assert alone["Location"] == f"{address(row)}?preview={reply.public_id}.0"
    html = client.get(alone["Location"]).content.decode()
    assert 'sandbox="allow-scripts allow-pointer-lock"' in html
    assert "allow-same-origin" not in html
    file = client.get(f"/chat/previews/{reply.public_id}/0/download/")
    assert file["Content-Disposition"] == 'attachment; filename="keep-the-flame.html"'
    assert file["Content-Type"] == "application/octet-stream"
