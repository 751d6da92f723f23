"""A key that is limited to some deployments does not so much as find the others."""

import pytest
from django.test import Client

from deployments.planning.power import Role
from tests.deployments.api.callers import keyed

from .table import rows
from .world import CONFIG, World

pytestmark = pytest.mark.django_db


def test_other_deployments_are_not_there() -> None:
    world, header = World(), f"Bearer {keyed(Role.ADMIN, deployments=['elsewhere']).secret}"
    about_one = [row for row in rows() if row.route.startswith(("/api/v1/deployments/<", "/api/v1/leases/"))]
    got = {row.said: world.status(Client(), row, Authorization=header) for row in about_one}
    assert got == {row.said: 404 for row in about_one}


def test_what_concerns_all_of_them_is_not_allowed() -> None:
    World()
    limited = keyed(Role.ADMIN, deployments=["asleep"])
    new = {"slug": "fresh", "name": "New", "config": CONFIG}
    for method, path, body in (
        ("post", "/freeze", None),
        ("delete", "/freeze", None),
        ("post", "/deployments", new),
    ):
        assert limited(method, path, body).status_code == 403
    assert [one["slug"] for one in limited.get("/deployments")["items"]] == ["asleep"]
