"""What the owner of a key may do at this moment."""

from typing import TYPE_CHECKING

from deployments.public import ROLE_SCOPES, Role, Scope

if TYPE_CHECKING:
    from controlpanel.models import User


def scopes_of(owner: "User") -> frozenset[Scope]:
    """The scopes of the owner's present role; none for somebody inactive or in no group. One query."""
    if not owner.is_active:
        return frozenset()
    if owner.is_superuser:
        return ROLE_SCOPES[Role.ADMIN]
    names = set(owner.groups.values_list("name", flat=True))
    return frozenset().union(*(ROLE_SCOPES[role] for role in Role if role.value in names))
