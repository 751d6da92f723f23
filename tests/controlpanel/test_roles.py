import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlpanel.models import User
from controlpanel.roles import actor_for, give_role, role_of
from deployments.planning.power import ROLE_SCOPES, Role, Scope, Via

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna")


def test_migrating_makes_the_four_groups() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {role.value for role in Role}


@pytest.mark.parametrize("role", list(Role))
def test_a_group_is_a_role(anna: User, role: Role) -> None:
    give_role(anna, role)
    actor = actor_for(anna, via=Via.PAGE, address="192.0.2.1")
    assert actor is not None
    assert (actor.user_id, actor.scopes, actor.address) == (anna.pk, ROLE_SCOPES[role], "192.0.2.1")


def test_the_greater_of_two_roles_counts(anna: User) -> None:
    anna.groups.set(Group.objects.filter(name__in=[Role.VIEWER, Role.OPERATOR]))
    assert role_of(anna) is Role.OPERATOR


def test_changing_the_role_leaves_one(anna: User) -> None:
    give_role(anna, Role.ADMIN)
    give_role(anna, Role.VIEWER)
    assert role_of(anna) is Role.VIEWER


def test_without_a_group_there_is_no_power(anna: User) -> None:
    assert role_of(anna) is None
    assert actor_for(anna, via=Via.API) is None


def test_a_stranger_has_no_power() -> None:
    assert actor_for(AnonymousUser(), via=Via.PAGE) is None


def test_an_inactive_admin_has_no_power(anna: User) -> None:
    give_role(anna, Role.ADMIN)
    anna.is_active = False
    assert actor_for(anna, via=Via.PAGE) is None


def test_a_superuser_is_an_admin() -> None:
    actor = actor_for(User.objects.create_superuser("root"), via=Via.COMMAND)
    assert actor is not None
    assert actor.may(Scope.ADMIN)


def test_a_page_of_the_admin_site_reads_the_role_once_and_the_next_page_anew(
    anna: User, client: Client
) -> None:
    give_role(anna, Role.ADMIN)
    client.force_login(anna)
    client.get("/admin/")  # content types are looked up once
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/admin/").status_code == 200
    assert sum("controlpanel_user_groups" in query["sql"] for query in asked) <= 3
    give_role(anna, Role.VIEWER)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
