import asyncio
import warnings

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import AsyncClient, Client

PATH = "/static/css/tokens.css"


def test_a_file_is_served_whole(client: Client) -> None:
    response = client.get(PATH)
    assert response.status_code == 200
    assert response["Content-Type"] == 'text/css; charset="utf-8"'
    assert response.content == (settings.BASE_DIR / "static/css/tokens.css").read_bytes()


def test_an_unchanged_file_is_not_sent_again(client: Client) -> None:
    seen = client.get(PATH)["Last-Modified"]
    response = client.get(PATH, headers={"If-Modified-Since": seen})
    assert (response.status_code, response.content) == (304, b"")


def test_serving_under_asgi_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = asyncio.run(AsyncClient().get(PATH))
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/static/../manage.py", "/static/%2e%2e/manage.py", "/static//etc/passwd"])
def test_nothing_outside_is_served(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["unfold/js/chart/chart.js", "django_htmx/htmx-2.min.js"])
def test_the_scripts_that_pages_name_are_found(name: str) -> None:
    assert finders.find(name)
