"""Who may do what: the table of roles and scopes that people and keys rely on."""

from itertools import pairwise

import pytest

from deployments.planning.power import ROLE_SCOPES, SYSTEM, Actor, Role, Scope, Via

TABLE = {
    Role.VIEWER: {Scope.READ},
    Role.MEMBER: {Scope.READ, Scope.CHAT, Scope.WAKE},
    Role.OPERATOR: {Scope.READ, Scope.CHAT, Scope.WAKE, Scope.OPERATE},
    Role.ADMIN: set(Scope),
}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_grants_its_scopes(role):
    assert ROLE_SCOPES[role] == TABLE[role]


def test_each_role_may_all_that_the_one_before_it_may():
    granted = [ROLE_SCOPES[role] for role in (Role.VIEWER, Role.MEMBER, Role.OPERATOR, Role.ADMIN)]
    assert all(less < more for less, more in pairwise(granted))


def test_names_are_stable():
    assert [scope.value for scope in Scope] == ["read", "chat", "wake", "operate", "admin"]
    assert [role.value for role in Role] == ["Viewer", "Member", "Operator", "Admin"]


def limited(*slugs):
    scopes = frozenset({Scope.READ, Scope.WAKE})
    return Actor(1, "Ada", scopes, Via.API, key_id=4, deployments=frozenset(slugs))


def test_a_limited_key_reaches_its_deployments_alone():
    assert limited("glm").may(Scope.WAKE, "glm")
    assert not limited("glm").may(Scope.WAKE, "other")
    assert not limited().may(Scope.READ, "glm")


def test_no_deployment_lends_a_scope():
    assert not limited("glm").may(Scope.OPERATE, "glm")
    assert limited("glm").may(Scope.READ)
    assert not limited("glm").may(Scope.ADMIN)


def test_the_panel_itself_may_everything():
    assert all(SYSTEM.may(scope, "glm") for scope in Scope)
    assert SYSTEM.user_id is None
