"""What happened can be read and not changed; prices only grow."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import Action, Price
from deployments.planning.power import Role
from tests.deployments.pages.states import States

READ_ONLY = ("release", "run", "lease", "action")


@pytest.mark.parametrize("kind", READ_ONLY)
def test_records_are_read_only(browser: Callable[..., Client], states: States, kind: str) -> None:
    made = states.ready()
    states.action(made, "Ada started it.")
    admin = browser(Role.ADMIN)
    page = admin.get(f"/admin/deployments/{kind}/")
    assert page.status_code == 200
    assert admin.get(f"/admin/deployments/{kind}/add/").status_code == 403
    row = {"release": made.releases, "run": made.runs, "lease": made.leases, "action": made.actions}[
        kind
    ].first()
    assert admin.get(f"/admin/deployments/{kind}/{row.pk}/change/").status_code == 200
    assert admin.post(f"/admin/deployments/{kind}/{row.pk}/change/", {}).status_code == 403
    assert admin.post(f"/admin/deployments/{kind}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_price_is_added_with_a_line_in_the_record(browser: Callable[..., Client], states: States) -> None:
    admin, before = browser(Role.ADMIN), Price.objects.count()
    data = {
        "provider": "modal", "resource": "gpu:H200", "usd_per_s": "0.0013", "effective_from_0": "2026-12-01",
        "effective_from_1": "00:00:00", "source": "price page", "checked_on": "2026-11-24",
    }  # fmt: skip
    assert admin.post("/admin/deployments/price/add/", data).status_code == 302
    assert Price.objects.count() == before + 1
    assert Action.objects.get(verb="price").target == "gpu:H200"
    row = Price.objects.latest("id")
    assert admin.post(f"/admin/deployments/price/{row.pk}/change/", data).status_code == 403


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MEMBER, Role.OPERATOR])
def test_admin_site_is_for_admins(browser: Callable[..., Client], states: States, role: Role | None) -> None:
    assert browser(role).get("/admin/deployments/account/", follow=True).status_code == 403
