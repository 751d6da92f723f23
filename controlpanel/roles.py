"""Roles are Django groups; what a role may do is in `deployments.planning.power`."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, Group

from deployments.planning.power import ROLE_SCOPES, Actor, Role, Via

from .models import User

# From most to least: whoever is in two groups has the greater role.
_BY_POWER = (Role.ADMIN, Role.OPERATOR, Role.MEMBER, Role.VIEWER)


def ensure_groups(**_: Any) -> None:
    """Make the four groups where they are missing; runs after every migration."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)


def role_of(user: User | AnonymousUser) -> Role | None:
    """The role that `user` has now. None for a stranger, somebody inactive, or somebody in no group."""
    if not user.is_active or not isinstance(user, User):
        return None
    if user.is_superuser:
        return Role.ADMIN
    names = set(user.groups.values_list("name", flat=True))
    return next((role for role in _BY_POWER if role.value in names), None)


def give_role(user: User, role: Role) -> None:
    """Make `role` the one role of `user`."""
    user.groups.set([Group.objects.get_or_create(name=role.value)[0]])


def actor_for(user: User | AnonymousUser, *, via: Via, address: str | None = None) -> Actor | None:
    """`user` with the powers that hold now; None where there are none."""
    role = role_of(user)
    if role is None or not isinstance(user, User):
        return None
    return Actor(user_id=user.pk, name=user.display_name, scopes=ROLE_SCOPES[role], via=via, address=address)
