import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

pytestmark = pytest.mark.django_db


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("Your role does not include “operate”.")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("pl_secretsecret")


def odd(request: HttpRequest) -> HttpResponse:
    raise BadRequest("pl_secretsecret")


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("home")


urlpatterns = [path("", home), path("refused/", refused), path("broken/", broken), path("odd/", odd)]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/refused/", 403, "Your role does not include “operate”."),
        ("/odd/", 400, "This was not understood"),
        ("/nowhere/", 404, "There is nothing here"),
        ("/broken/", 500, "The panel made a mistake"),
    ],
)
@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_has_a_page_that_says_what_it_means(address: str, status: int, says: str) -> None:
    response = Client(raise_request_exception=False).get(address)
    assert response.status_code == status
    assert says in response.content.decode()
    assert "pl_secretsecret" not in response.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_an_old_form_is_explained() -> None:
    response = Client(enforce_csrf_checks=True).post("/")
    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()
