"""A diagnosis on the pages, and its change made a release after a look."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import Action, Deployment, Finding
from deployments.planning.power import Role
from deployments.services import diagnosing

from .states import States

LINE = (
    "(EngineCore pid=40) ERROR 11-24 09:01:40 [x.py:4] ValueError: To serve at least one request with the "
    "model's max seq len (131072), (53.4 GiB KV cache is needed, which is larger than the available KV cache "
    "memory (25.9 GiB). Based on the available memory, the estimated maximum model length is 65536."
)


@pytest.fixture
def failed(states: States) -> Deployment:
    """Its log was read by the doctor."""
    made = states.failed()
    made.log_lines.all().delete()
    states.log(made, made.breaker_run, (LINE, "<b>(APIServer pid=4) RuntimeError: Engine core"))
    assert made.breaker_run
    diagnosing.read_new(made.breaker_run, made)
    return made


def test_card_stands_on_the_page_the_run_and_the_log_with_its_line(
    browser: Callable[..., Client], failed: Deployment
) -> None:
    finding, client = Finding.objects.get(code="context-exceeds-cache"), browser(Role.OPERATOR)
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
    browser: Callable[..., Client], failed: Deployment
) -> None:
    client = browser(Role.ADMIN)
    path = f"/deployments/failed/findings/{Finding.objects.get(code='context-exceeds-cache').pk}/"
    assert path in client.get("/deployments/failed/").content.decode()
    page = client.get(path).content.decode()
    assert "<del>--max-model-len 131072</del><ins>--max-model-len 65536</ins>" in page
    refused = client.post(path, {"base": "of another day"})
    assert refused.status_code == 409
    assert "Look at the change again" in refused.content.decode()
    base = page.split('name="base" value="')[1].split('"')[0]
    after = client.post(path, {"base": base}, follow=True).content.decode()
    assert "Release 2 has the change" in after
    assert "has this change already" in after
    failed.refresh_from_db()
    assert failed.current_release
    assert failed.current_release.spec["max_model_len"] == 65536
    assert set(Action.objects.values_list("verb", flat=True)) == {"configure", "release"}
    assert not failed.wakes.exists()
