"""Every fault that an engine or a deploy can name is told within two looks: page, REST and notice."""

from collections.abc import Iterable

import pytest
from django.test import Client
from django.utils.html import escape

from deployments.models import Notice, Release
from deployments.planning.power import Role
from deployments.providers.base import ProviderError
from tests.deployments.doctor.cases import CASES, Case
from tests.deployments.pages.conftest import person

from .conftest import SLUG, Panel

LOOK_S = 2.0
DIED = "pilotlight: engine exited code=1 after=62.0s"


# What a refused deploy may have said; the rest of what a provider says is told of the account.
REFUSED = ("image-not-found", "pip-failed", "image-build-failed", "secret-missing", "limit-reached")


def of_engines() -> list[Case]:
    """For each head the first log that says why an engine died."""
    inside = (case for case in CASES if case.data.get("place") != "outside" and "ended" not in case.data)
    return _firsts(case for case in inside if case.data["tells"])


def of_deploys() -> list[Case]:
    return _firsts(case for case in CASES if set(case.data["tells"]) & set(REFUSED))


def _firsts(cases: Iterable[Case]) -> list[Case]:
    found: dict[str, Case] = {}
    for case in cases:
        if case.diagnosed()[0].head.level == "error":
            found.setdefault(case.data["tells"][0], case)
    return list(found.values())


def dies(panel: Panel, case: Case) -> None:
    """It is starting; then its log says all this at once, and it is gone."""
    panel.start()
    panel.advance(20)
    for release in Release.objects.all():
        Release.objects.filter(pk=release.pk).update(spec=release.spec | case.data.get("config", {}))
    container = panel.run().container_id
    for line in case.lines:
        panel.provider.add_log(panel.app_name, line, container_id=container)
    panel.provider.kill_container(container, line="" if "engine-exited" in case.data["tells"] else DIED)


def told_everywhere(panel: Panel, case: Case) -> None:
    """In REST, on the page and in the notice, from the line that says so."""
    panel.advance(2 * LOOK_S, step_s=LOOK_S)
    code, client = case.data["tells"][0], Client()
    client.force_login(person(Role.OPERATOR), backend="django.contrib.auth.backends.ModelBackend")
    card = client.get(f"/api/v1/deployments/{SLUG}/status").json()["failure"]["diagnosis"]
    assert case.evidence is not None
    assert (card["code"], card["evidence"]) == (code, case.lines[case.evidence].strip())
    page = client.get(f"/deployments/{SLUG}/").content.decode()
    assert card["title"] in page
    assert escape(card["evidence"]) in page
    told = Notice.objects.get(kind="failed").facts["diagnosis"]
    assert (told["code"], told["evidence"]) == (code, card["evidence"])


@pytest.mark.parametrize("case", of_engines(), ids=lambda case: case.data["tells"][0])
def test_death_of_an_engine_is_told_within_two_looks(panel: Panel, case: Case) -> None:
    dies(panel, case)
    told_everywhere(panel, case)


@pytest.mark.parametrize("case", of_deploys(), ids=lambda case: case.data["tells"][0])
def test_refused_deploy_is_told_within_two_looks(panel: Panel, case: Case) -> None:
    panel.provider.fail_next("deploy", ProviderError("\n".join(case.lines), permanent=True))
    panel.start()
    told_everywhere(panel, case)


def test_every_error_an_engine_can_name_is_asked_for() -> None:
    assert len(of_engines()) >= 40
    assert [case.data["tells"][0] for case in of_deploys()] == list(REFUSED)
