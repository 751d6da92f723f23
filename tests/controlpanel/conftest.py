from collections.abc import Callable

import pytest
from django.test import Client

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import Role


@pytest.fixture
def signed_in(db: None) -> Callable[[Role | None], Client]:
    """A browser of somebody with the given role."""

    def make(role: Role | None) -> Client:
        user = User.objects.create_user(f"{role or 'nobody'}".lower(), password="correct horse")
        if role:
            give_role(user, role)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
