"""Who calls over REST: keys, sessions, and those who are neither any more."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.models import Action
from deployments.planning.power import Role
from gateway.models import ApiKey
from tests.deployments.api.callers import ROOT, browser, keyed, ok
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db
LIST = f"{ROOT}/deployments"
START = f"{ROOT}/deployments/asleep/start"


def test_unknown_key_opens_nothing() -> None:
    response = Client().get(LIST, headers={"Authorization": "Bearer pl_unknown"})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert ok(response, 401)["code"] == "invalid_key"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "pl_key", "Bearer pl_\x80"])
def test_header_that_is_no_key_is_refused(header: str) -> None:
    assert Client().get(LIST, headers={"Authorization": header}).status_code == 401


def test_wrong_key_does_not_fall_back_to_the_session() -> None:
    signed_in = browser()
    assert signed_in.get(LIST).status_code == 200
    assert signed_in.get(LIST, headers={"Authorization": "Bearer pl_unknown"}).status_code == 401


def test_revoked_key_opens_nothing() -> None:
    caller = keyed()
    assert caller("get", "/deployments").status_code == 200
    ApiKey.objects.update(revoked_at=timezone.now())
    assert caller("get", "/deployments").status_code == 401


def test_expired_key_opens_nothing() -> None:
    caller = keyed(expires_at=timezone.now() + timedelta(hours=1))
    ApiKey.objects.update(created_at=timezone.now() - timedelta(days=2))
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller("get", "/deployments").status_code == 401


def test_key_of_somebody_inactive_opens_nothing() -> None:
    caller = keyed()
    User.objects.update(is_active=False)
    assert caller("get", "/deployments").status_code == 401


def test_key_has_the_present_role_of_its_owner() -> None:
    States(timezone.now()).asleep()
    caller = keyed(Role.OPERATOR)
    give_role(caller.user, Role.VIEWER)
    assert caller("post", "/deployments/asleep/start").status_code == 403
    assert caller("get", "/deployments").status_code == 200
    caller.user.groups.clear()
    assert caller("get", "/deployments").status_code == 401


def test_session_reads_without_a_token() -> None:
    assert browser(Role.VIEWER, csrf=True).get(LIST).status_code == 200


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_session_changes_nothing_without_the_token(method: str) -> None:
    States(timezone.now()).off()
    signed_in = browser(Role.ADMIN, csrf=True)
    path = f"{ROOT}/deployments/off" + ("/start" if method == "post" else "")
    response = getattr(signed_in, method)(path, "{}", content_type="application/json")
    assert ok(response, 403)["code"] == "csrf"


def test_session_with_the_token_acts_as_the_person() -> None:
    States(timezone.now()).asleep()
    signed_in = browser(Role.MEMBER, csrf=True)
    token = "t" * 32
    signed_in.cookies["csrftoken"] = token
    lease = ok(signed_in.post(START, "", "application/json", headers={"X-CSRFToken": token}), 202)
    action = Action.objects.latest("id")
    assert (lease["holder"], action.via, action.key_id) == ("member", "api", None)


def test_form_of_another_site_is_refused_before_its_body_matters() -> None:
    States(timezone.now()).asleep()
    signed_in = browser(Role.OPERATOR, csrf=True)
    for headers in ({}, {"Idempotency-Key": "a"}):
        assert signed_in.post(START, {"until": ""}, headers=headers).status_code == 403


def test_session_without_a_role_is_told_so() -> None:
    assert ok(browser(None).get(LIST), 403)["code"] == "no_role"


def test_stranger_costs_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        Client().get(LIST)
        Client().post(START)
