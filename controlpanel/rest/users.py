"""`GET /users`: who there is, and in which role."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from controlpanel.models import User
from deployments.api.access import needs
from deployments.api.kinds import Page
from deployments.public import Role, Scope

router = Router(tags=["records"])


class UserOut(Schema):
    """A person."""

    id: int
    username: str
    name: str = Field(description="As shown.")
    role: Role | None = Field(description="Null where they may do nothing.")
    is_active: bool


@router.get("/users", response=Page[UserOut], summary="People and their roles")
@needs(Scope.READ)
def get_users(request: HttpRequest) -> Any:
    """In the order of their user names."""
    people = User.objects.prefetch_related("groups").order_by("username")
    return {"items": [_shown(person) for person in people], "next": None}


def _shown(person: User) -> dict[str, Any]:
    return {
        "id": person.pk,
        "username": person.username,
        "name": person.display_name,
        "role": _role(person),
        "is_active": person.is_active,
    }


def _role(person: User) -> Role | None:
    """As roles.role_of says, from groups that are loaded already: one query for everybody."""
    if not person.is_active:
        return None
    if person.is_superuser:
        return Role.ADMIN
    names = {group.name for group in person.groups.all()}
    return next((role for role in reversed(Role) if role.value in names), None)
