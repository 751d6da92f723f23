"""What burns unexplained is said on every page to those who can put it out, after one question."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from deployments.models import Action, Deployment, Orphan, OrphanContainer
from deployments.planning.power import Role
from tests.deployments.api.callers import keyed

from .states import States


@pytest.fixture
def lost(states: States) -> Orphan:
    """An archived deployment's app that has burned for an hour."""
    made: Deployment = states.off()
    Deployment.objects.filter(pk=made.pk).update(archived_at=states.now)
    since = states.now - timedelta(hours=1)
    row = Orphan.objects.create(
        account=made.account, app_id="ap-lost", app_name="lost-app", kind="ours", deployment=made,
        first_seen_at=since, last_seen_at=states.now,
    )  # fmt: skip
    OrphanContainer.objects.create(
        orphan=row, container_id="ta-lost", gpu_type="H200", gpu_count=8, started_at=since,
        last_seen_at=states.now,
    )  # fmt: skip
    return row


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_it_is_said_priced_and_put_out_after_one_question(
    browser: Callable[..., Client], lost: Orphan
) -> None:
    operator, viewer = browser(Role.OPERATOR, "grace"), browser(Role.VIEWER)
    assert "no deployment explains it" in text(operator, "/keys/")
    assert "no deployment explains it" not in text(viewer, "/keys/")
    page = text(viewer, "/costs/unexplained/")
    assert "$36.31" in page
    assert "/put-out/" not in page
    assert "$36.31/h" in page  # the burn meter knows it too
    assert "lost-app" in text(operator, "/freeze/")
    ask = f"/costs/unexplained/{lost.pk}/put-out/"
    assert "nothing can wake it" in text(operator, ask)
    assert Orphan.objects.get().put_out_at is None
    done = operator.post(ask, follow=True).content.decode()
    assert "lost-app is being put out." in done
    assert "being put out by grace" in done
    assert Action.objects.get(verb="put_out_orphan").actor_name == "grace"
    assert operator.get("/costs/unexplained/99/put-out/").status_code == 302


def test_a_program_sees_and_puts_out_the_same(lost: Orphan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.services.enqueue._send", lambda *message: None)
    operator = keyed(Role.OPERATOR)
    told: Any = operator.get("/orphans")["items"][0]
    assert (told["kind"], told["state"], told["containers"]) == ("ours", "burning", 1)
    assert told["price_usd_per_hour"] == "36.3168"
    assert float(told["cost_so_far_usd"]) >= 36.31
    answer = operator("post", f"/orphans/{lost.pk}/put-out", {})
    assert (answer.status_code, answer.json()["state"]) == (202, "stopping")
    assert keyed(Role.OPERATOR, "limited", deployments=["elsewhere"]).get("/orphans")["items"] == []
