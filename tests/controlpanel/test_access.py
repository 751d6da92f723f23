"""The decorator of pages, the actor of a request, and the admin site. tests/access/ walks every address."""

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django_htmx.middleware import HtmxDetails

from controlpanel.models import User
from deployments.pages.access import needs
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Scope, Via

pytestmark = pytest.mark.django_db


def request_of(actor: Actor | None, *, user: object = None, htmx: bool = False) -> HttpRequest:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/costs/?group=day"} if htmx else {}
    request = RequestFactory().get("/fragment/", headers=headers)
    request.actor = actor
    request.htmx = HtmxDetails(request)
    request.user = user or type("Stranger", (), {"is_authenticated": False})()
    return request


def actor(role: Role, deployments: frozenset[str] | None = None) -> Actor:
    scopes = ROLE_SCOPES[role]
    return Actor(user_id=1, name="Anna", scopes=scopes, via=Via.PAGE, deployments=deployments)


@needs(Scope.OPERATE)
def page(request: HttpRequest, slug: str = "x") -> HttpResponse:
    return HttpResponse("seen")


@needs(Scope.OPERATE)
async def async_page(request: HttpRequest, slug: str = "x") -> HttpResponse:
    return HttpResponse("seen")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_who_may_sees_the_page(role: Role) -> None:
    assert page(request_of(actor(role))).content == b"seen"
    assert asyncio.run(async_page(request_of(actor(role)))).content == b"seen"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_who_may_not_is_refused_with_the_reason(role: Role) -> None:
    with pytest.raises(PermissionDenied, match="operate"):
        page(request_of(actor(role)))
    with pytest.raises(PermissionDenied, match="operate"):
        asyncio.run(async_page(request_of(actor(role))))


def test_a_limit_to_some_deployments_holds_on_pages() -> None:
    limited = actor(Role.ADMIN, frozenset({"a"}))
    assert page(request_of(limited), slug="a").status_code == 200
    with pytest.raises(PermissionDenied):
        page(request_of(limited), slug="b")


def test_a_stranger_comes_back_to_the_page() -> None:
    assert page(request_of(None))["Location"] == "/accounts/login/?next=/fragment/"


def test_a_fragment_takes_the_whole_page_to_sign_in() -> None:
    response = page(request_of(None, htmx=True))
    assert response["HX-Redirect"] == "/accounts/login/?next=/costs/%3Fgroup%3Dday"


def test_somebody_without_a_role_is_told_so_and_not_sent_round_in_circles() -> None:
    with pytest.raises(PermissionDenied, match="no role yet"):
        page(request_of(None, user=User(username="new")))


def show_actor(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.actor and request.actor.name} {request.user.is_authenticated}")


async def show_actor_async(request: HttpRequest) -> HttpResponse:
    return show_actor(request)


urlpatterns = [path("sync/", show_actor), path("async/", show_actor_async)]


@override_settings(ROOT_URLCONF=__name__)
def test_a_session_has_an_actor(signed_in: Callable[[Role | None], Client]) -> None:
    assert signed_in(Role.VIEWER).get("/sync/").content == b"viewer True"
    assert signed_in(None).get("/sync/").content == b"None True"
    assert Client().get("/sync/").content == b"None False"


@override_settings(ROOT_URLCONF=__name__)
def test_an_async_view_may_read_the_actor_and_the_user(signed_in: Callable[[Role], Client]) -> None:
    client = AsyncClient()
    client.cookies = signed_in(Role.VIEWER).cookies
    assert async_to_sync(client.get)("/async/").content == b"viewer True"


@override_settings(ROOT_URLCONF=__name__)
def test_taking_the_role_away_is_felt_at_the_next_request(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.ADMIN)
    User.objects.get().groups.clear()
    assert client.get("/sync/").content == b"None True"


@override_settings(ROOT_URLCONF=__name__)
def test_a_stranger_costs_no_query(django_assert_num_queries: Callable[[int], object]) -> None:
    with django_assert_num_queries(0):
        Client().get("/sync/")


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 403), (Role.ADMIN, 200), (None, 403)])
def test_the_admin_site_is_for_admins(
    role: Role | None, status: int, signed_in: Callable[[Role | None], Client]
) -> None:
    response = signed_in(role).get("/admin/controlpanel/user/", follow=True)
    assert response.status_code == status


def test_only_the_admin_site_may_use_inline_styles(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.ADMIN)
    assert "unsafe" not in client.get("/accounts/profile/")["Content-Security-Policy"]
    assert "unsafe-inline" in client.get("/admin/")["Content-Security-Policy"]


def test_an_admin_makes_a_link_for_somebody(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.ADMIN)
    anna = User.objects.create_user("anna")
    form = {"action": "make_link", "_selected_action": [anna.pk]}
    response = client.post("/admin/controlpanel/user/", form, follow=True)
    assert "/accounts/link/" in response.content.decode()
