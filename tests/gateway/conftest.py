"""People with roles and keys, for the tests of the door."""

from collections.abc import Callable
from typing import Any

import pytest

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import Role


@pytest.fixture
def person(db: Any) -> Callable[..., User]:
    """Makes a person of a role."""

    def make(name: str = "anna", role: Role | None = Role.MEMBER, **fields: Any) -> User:
        user = User.objects.create_user(name, **fields)
        if role is not None:
            give_role(user, role)
        return user

    return make
