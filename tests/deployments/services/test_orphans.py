"""Nothing burns unseen: what no deployment explains is found, priced, told once and put out on order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail

from deployments.models import Action, Budget, Deployment, Orphan, OrphanContainer, OrphanKind
from deployments.planning.power import Role
from deployments.planning.presets import PRESETS
from deployments.providers.base import ProviderError
from deployments.services import (
    budget_round,
    budgets,
    delivering,
    frozen,
    observe,
    orphan_requests,
    orphans,
    requests,
)
from deployments.services.errors import Refused

from .conftest import SLUG, Panel, actor

SPEC = PRESETS[SLUG]
HOUR = Decimal("37.461312")  # 8 H200, 8 cores, 96 GiB


@pytest.fixture(autouse=True)
def admin(db: None) -> None:
    user = get_user_model().objects.create_user("anna", email="anna@example.org")
    user.groups.add(Group.objects.get(name=Role.ADMIN))


def look(panel: Panel, *, after_s: float = 0) -> None:
    panel.clock.shift(after_s)
    observe.observe(panel.deployment.account_id, force=True)
    delivering.deliver_due()


def by_hand(panel: Panel, name: str = "", *, slug: str = SLUG, lit: bool = True) -> Any:
    """Somebody deploys the exported module by hand, and wakes it."""
    name = name or panel.app_name
    return panel.provider.add_app(name, replace(SPEC, app_name=name), slug=slug, lit=lit)


def archived(panel: Panel) -> None:
    Deployment.objects.filter(slug=SLUG).update(archived_at=panel.now)


def view(panel: Panel) -> orphan_requests.OrphanView:
    (found,) = orphan_requests.views(orphan_requests.open_to(actor()), panel.now)
    return found


def test_what_an_archived_deployment_left_is_found_told_once_and_put_out(panel: Panel) -> None:
    archived(panel)
    app = by_hand(panel)
    look(panel)
    assert not mail.outbox  # seen once may be a list that lags
    look(panel, after_s=60)
    look(panel, after_s=60)
    found = view(panel)
    assert (found.row.kind, found.state) == (OrphanKind.OURS, "burning")
    assert found.cost.usd == HOUR * 120 / 3600
    assert found.cost.unknown == ""
    assert [message.to for message in mail.outbox] == [["anna@example.org"]]
    assert "burns with 1 container, and no deployment explains it" in mail.outbox[0].subject
    orphan_requests.put_out(found.row.pk, actor=actor())
    orphan_requests.put_out(found.row.pk, actor=actor())
    look(panel, after_s=2)
    assert app.stopped
    look(panel, after_s=5)
    found = view(panel)
    assert found.state == "gone"
    assert found.cost.usd == HOUR * 122 / 3600  # what it spent stays
    assert list(Action.objects.values_list("verb", flat=True)) == ["put_out_orphan", "orphan"]


@pytest.mark.parametrize(
    ("name", "slug", "kind"),
    [("glm-copy", SLUG, "panel"), ("glm-copy", "elsewhere", "panel"), ("training", "", "outsider")],
)
def test_what_is_not_surely_ours_is_never_put_out_by_the_panel(
    panel: Panel, name: str, slug: str, kind: str
) -> None:
    app = by_hand(panel, name, slug=slug)
    look(panel)
    frozen.freeze(actor=actor())
    look(panel, after_s=60)
    assert view(panel).row.kind == kind
    assert not app.stopped
    if kind == "outsider":
        assert not mail.outbox
        with pytest.raises(Refused) as caught:
            orphan_requests.put_out(view(panel).row.pk, actor=actor())
        assert caught.value.code == "not_ours"
    else:
        assert mail.outbox
        orphan_requests.put_out(view(panel).row.pk, actor=actor())
        look(panel, after_s=2)
        assert app.stopped


def test_a_viewer_puts_nothing_out(panel: Panel) -> None:
    by_hand(panel, "glm-copy")
    look(panel)
    with pytest.raises(Refused) as caught:
        orphan_requests.put_out(view(panel).row.pk, actor=actor(Role.MEMBER))
    assert caught.value.code == "not_allowed"


def test_an_app_of_ours_that_nobody_wants_is_told_before_anybody_wakes_it(panel: Panel) -> None:
    by_hand(panel, lit=False)
    look(panel)
    look(panel, after_s=130)
    assert view(panel).state == "idle"
    assert "can be woken" in mail.outbox[0].subject
    panel.start()  # the deployment takes it over, and it is its own again
    panel.advance(400, step_s=20)
    assert panel.state() == "ready"
    assert view(panel).state == "gone"


def test_what_a_deployment_takes_over_is_counted_once(panel: Panel) -> None:
    archived(panel)
    by_hand(panel)
    budget = Budget.objects.create(
        scope="panel", period="day", amount_usd=100, set_at=panel.now, set_by_name="Anna"
    )
    look(panel)
    look(panel, after_s=60)
    Deployment.objects.update(archived_at=None)
    look(panel, after_s=60)
    look(panel, after_s=60)
    assert round(budgets.standing(budget, panel.now).spent_usd, 4) == round(HOUR * 180 / 3600, 4)


def test_a_freeze_puts_ours_out_also_what_is_found_later(panel: Panel) -> None:
    archived(panel)
    first = by_hand(panel)
    look(panel)
    frozen.freeze(actor=actor())
    look(panel, after_s=1)
    assert first.stopped
    second = by_hand(panel)
    look(panel, after_s=60)
    assert second.stopped


@pytest.mark.parametrize("scope", ["panel", "deployment"])
def test_it_counts_towards_the_budgets_and_goes_out_at_their_limit(panel: Panel, scope: str) -> None:
    archived(panel)
    ours, theirs = by_hand(panel), by_hand(panel, "training", slug="")
    budget = Budget.objects.create(
        scope=scope, deployment=panel.deployment if scope == "deployment" else None, period="day",
        amount_usd=1, set_at=panel.now, set_by_name="Anna",
    )  # fmt: skip
    look(panel)
    panel.clock.shift(60)
    assert budgets.standing(budget, panel.now).spent_usd == HOUR * 60 / 3600
    budget_round.go_round()
    assert not Orphan.objects.filter(put_out_at__isnull=False).exists()
    panel.clock.shift(60)
    budget_round.go_round()
    look(panel)
    assert (ours.stopped, theirs.stopped) == (True, False)


def test_a_put_out_that_fails_is_tried_again_at_each_look(panel: Panel) -> None:
    archived(panel)
    app = by_hand(panel)
    look(panel)
    orphan_requests.put_out(view(panel).row.pk, actor=actor())
    panel.provider.fail_next("end_app", ProviderError("away", permanent=False), times=2)
    for _ in range(2):
        look(panel, after_s=2)
        assert not app.stopped
    account = panel.deployment.account
    assert orphans.being_put_out(account)
    panel.clock.shift(2)
    assert observe.observe(account.pk)  # not only once a minute, as while nothing moves
    assert app.stopped


def test_an_unknown_price_is_named(panel: Panel) -> None:
    panel.provider.add_app("glm-copy", replace(SPEC, gpu_type="X9", app_name="glm-copy"), slug=SLUG)
    look(panel)
    assert "no price of gpu:X9 is known" in view(panel).cost.unknown


def test_a_container_that_is_gone_ends_at_its_true_instant(panel: Panel) -> None:
    archived(panel)
    app = by_hand(panel)
    look(panel)
    panel.clock.shift(30)
    panel.provider.kill_container(OrphanContainer.objects.get().container_id)
    look(panel, after_s=30)
    row = OrphanContainer.objects.get()
    assert row.ended_at is not None
    assert row.started_at is not None
    assert row.ended_at - row.started_at == timedelta(seconds=30)
    assert not app.stopped


def test_a_hand_made_copy_under_our_name_goes_out_with_the_deployment(panel: Panel) -> None:
    """`modal serve` makes an app that asking by name does not find."""
    panel.light()
    copy = panel.provider.add_app(panel.app_name, SPEC, slug="", deployed=False)
    panel.advance(20)
    requests.turn_off(panel.deployment, actor=actor(), force=True)
    panel.advance(60)
    assert copy.stopped
    assert panel.provider.containers() == []
    assert panel.state() == "off"


def test_a_wake_from_outside_is_told(panel: Panel) -> None:
    panel.light()
    panel.advance(1300, step_s=60)
    mail.outbox.clear()
    panel.provider.start_outside(panel.app_name)
    panel.advance(20)
    delivering.deliver_due()
    assert ["was lit from outside the panel" in message.subject for message in mail.outbox] == [True]
    assert [run.cause for run in orphan_requests.outside_wakes(actor(), panel.now)] == ["outside"]
