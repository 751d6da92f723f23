"""Who reaches which address: every one of them is walked, so that a new page cannot be forgotten."""

import asyncio
import re
from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path
from django_htmx.middleware import HtmxDetails

from controlpanel.models import User
from deployments.pages.access import needs
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Scope, Via

pytestmark = pytest.mark.django_db

# What a stranger may see. Everything else leads to sign-in, or is refused.
OPEN = {"/accounts/login/", "/accounts/link/x/", "/healthz", "/readyz", "/static/css/base.css"}
OPEN_PREFIXES = ("/admin/jsi18n", "/admin/login")
EXAMPLES = {"int": "1", "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}


def walk(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        part = before + example(pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, part)
        else:
            yield part


def example(pattern: URLPattern | URLResolver) -> str:
    """An address that the pattern matches."""
    text = re.sub(r"<(?:(\w+):)?\w+>", lambda found: EXAMPLES.get(found[1], "x"), str(pattern.pattern))
    return text.removeprefix("^").removesuffix("$").removesuffix("\\Z")


def test_a_stranger_reaches_nothing_but_the_door(client: Client) -> None:
    addresses = [each for each in dict.fromkeys(walk(get_resolver().url_patterns)) if "(" not in each]
    assert len(addresses) > 30
    reached = {}
    for address in addresses:
        if address in OPEN or address.startswith(OPEN_PREFIXES):
            continue
        for method in (client.get, client.post):
            status = method(address).status_code
            if status not in (302, 401, 403, 404, 405):
                reached[f"{method.__name__} {address}"] = status
    assert reached == {}


def test_redirects_of_strangers_lead_to_sign_in(client: Client) -> None:
    for address in walk(get_resolver().url_patterns):
        response = client.get(address)
        if response.status_code == 302:
            assert response["Location"].startswith(("/accounts/login/", "/admin/login/", "/admin/")), address


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


def test_every_admin_list_and_form_opens(signed_in: Callable[[Role], Client]) -> None:
    client = signed_in(Role.ADMIN)
    for address in walk(get_resolver().url_patterns):
        if address.startswith("/admin/") and address.endswith(("/add/", "/")) and "/x/" not in address:
            assert client.get(address, follow=True).status_code in (200, 403, 404, 405), address


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
