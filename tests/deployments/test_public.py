"""What the gateway and the playground are told of a deployment."""

from decimal import Decimal
from typing import Any

import pytest

from deployments import public
from deployments.models import Account, Deployment
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Via
from deployments.planning.presets import PRESETS

SLUG = "glm-5-2-fp8"


def member(**changes: Any) -> Actor:
    fields = {"user_id": 1, "name": "Anna", "scopes": ROLE_SCOPES[Role.MEMBER], "via": Via.PAGE} | changes
    return Actor(**fields)


@pytest.fixture
def deployment(db: None) -> Deployment:
    account = Account.objects.create(name="Fake")
    return Deployment.objects.create(
        slug=SLUG, name="GLM", account=account, config=PRESETS[SLUG].to_json(), weights_present=True
    )


def test_status_and_quote_are_those_of_the_pages(deployment: Deployment) -> None:
    status, quote = public.deployment_status(SLUG, member()), public.quote_for(SLUG, member())
    assert status is not None
    assert quote is not None
    assert (status.slug, status.state, status.model_name) == (SLUG, public.State.OFF, "glm-5.2-fp8")
    assert (quote.slug, quote.until) == (SLUG, None)
    assert quote.total_usd > quote.until_ready_usd > 0


@pytest.mark.parametrize("who", [{"deployments": frozenset({"other"})}, {"scopes": frozenset()}])
def test_what_is_not_theirs_is_not_there(deployment: Deployment, who: dict[str, Any]) -> None:
    assert public.deployment_status(SLUG, member(**who)) is None
    assert public.quote_for(SLUG, member(**who)) is None


def test_unknown_deployment_is_none(db: None) -> None:
    assert public.deployment_status("nothing", member()) is None
    assert public.usd_per_hour("nothing") is None


def test_price_of_an_hour_is_the_published_one(deployment: Deployment) -> None:
    assert (public.usd_per_hour(SLUG) or 0) == pytest.approx(Decimal("36.31"), abs=Decimal("1"))
    Deployment.objects.update(archived_at="2026-01-01T00:00:00Z")
    assert public.usd_per_hour(SLUG) is None
