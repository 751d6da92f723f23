"""A round over many servers that sleep costs about as much as over a few."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import Deployment, Release
from deployments.services import observe, reconcile

from .conftest import SLUG, Panel


def more(panel: Panel, number: int, first: int = 0) -> None:
    """Servers that are deployed and asleep."""
    for place in range(first, first + number):
        config = panel.deployment.config | {"app_name": f"app-{place}"}
        row = Deployment.objects.create(
            slug=f"more-{place}", name="More", account=panel.deployment.account, config=config, wanted="on",
            app_id=f"ap-more-{place}", weights_checked_at=panel.now, app_checked_at=panel.now,
        )  # fmt: skip
        release = Release.objects.create(deployment=row, number=1, spec=config, created_at=panel.now)
        Deployment.objects.filter(pk=row.pk).update(current_release=release, live_release=release)


def queries_of_a_round(panel: Panel) -> int:
    with CaptureQueriesContext(connection) as seen:
        observe.observe(panel.deployment.account_id, force=True)
        reconcile.due(list(Deployment.objects.values_list("pk", flat=True)))
    return len(seen)


def test_sleeping_servers_add_no_queries_to_a_round(panel: Panel) -> None:
    panel.light()
    more(panel, 2)
    queries_of_a_round(panel)
    few = queries_of_a_round(panel)
    more(panel, 30, first=2)
    assert queries_of_a_round(panel) == few
    assert set(Deployment.objects.values_list("observed_at", flat=True)) == {panel.now}


def test_hundreds_that_come_due_at_once_are_asked_a_few_a_look(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "SELDOM_AT_ONCE", 4)
    more(panel, 9)
    Deployment.objects.update(app_checked_at=panel.now - timedelta(seconds=300))
    Deployment.objects.filter(slug=SLUG).update(weights_checked_at=panel.now)
    panel.provider.call_log.clear()
    asked = []
    for _ in range(3):
        observe.observe(panel.deployment.account_id, force=True)
        asked.append(panel.provider.call_log.count("find_app"))
    assert asked == [4, 8, 9]


def test_only_what_has_a_step_to_take_is_due(panel: Panel) -> None:
    more(panel, 3)
    observe.observe(panel.deployment.account_id, force=True)
    everything = list(Deployment.objects.values_list("pk", flat=True))
    assert SLUG not in set(
        Deployment.objects.filter(pk__in=reconcile.due(everything)).values_list("slug", flat=True)
    )
    panel.start()
    assert panel.deployment.pk in reconcile.due(everything)
