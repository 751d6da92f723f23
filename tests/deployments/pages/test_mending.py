"""A diagnosis on the pages, and its change made a release after a look."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import Action, Deployment, Finding
from deployments.planning.power import Role

from .states import States


@pytest.fixture
def finding(states: States) -> Finding:
    """Of a start whose context did not fit."""
    return states.diagnosed()


def test_card_stands_on_the_page_the_run_and_the_log_with_its_line(
    browser: Callable[..., Client], finding: Finding
) -> None:
    client = browser(Role.OPERATOR)
    for path in ("", f"runs/{finding.run_id}/", f"logs/?run={finding.run_id}"):
        page = client.get(f"/deployments/failed/{path}").content.decode()
        assert "The context does not fit the memory that is left" in page, path
        assert f"line={finding.line_id}#line-{finding.line_id}" in page
        assert "Look at the change" not in page, "that is an admin’s"
    around = client.get(
        f"/deployments/failed/logs/?run={finding.run_id}&line={finding.line_id}"
    ).content.decode()
    assert f'id="line-{finding.line_id}" class="evid"' in around
    assert "data-tail" not in around


def test_admin_sees_the_change_and_makes_it_a_release(
    browser: Callable[..., Client], finding: Finding
) -> None:
    client = browser(Role.ADMIN)
    path = f"/deployments/failed/findings/{finding.pk}/"
    assert path in client.get("/deployments/failed/").content.decode()
    page = client.get(path).content.decode()
    assert "<del>--max-model-len 131072</del><ins>--max-model-len 65536</ins>" in page
    refused = client.post(path, {"base": "of another day"})
    assert refused.status_code == 409
    assert "Read it again" in refused.content.decode()
    base = page.split('name="base" value="')[1].split('"')[0]
    after = client.post(path, {"base": base}, follow=True).content.decode()
    assert "Release 2 has the change" in after
    assert "has this change already" in after
    failed = Deployment.objects.get(slug="failed")
    assert failed.current_release
    assert failed.current_release.spec["max_model_len"] == 65536
    assert set(Action.objects.values_list("verb", flat=True)) == {"configure", "release"}
    assert not failed.wakes.exists()
