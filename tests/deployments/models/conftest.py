"""Rows to build on."""

from datetime import UTC, datetime

import pytest

from deployments.models import Account, Deployment, Lease, Release
from deployments.planning.presets import GLM_5_2_FP8

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def account(db):
    return Account.objects.create(name="Cloud", token_id="ak-1", token_secret="as-secret-1")


@pytest.fixture
def make(account):
    """Makes a deployment with one release."""

    def build(slug="glm"):
        deployment = Deployment.objects.create(
            slug=slug, name=slug, account=account, config=GLM_5_2_FP8.to_json()
        )
        release = Release.objects.create(
            deployment=deployment, number=1, spec=deployment.config, created_at=NOW
        )
        deployment.current_release = deployment.live_release = release
        deployment.save(update_fields=["current_release", "live_release"])
        return deployment

    return build


@pytest.fixture
def deployment(make):
    return make()


@pytest.fixture
def lease(deployment):
    return Lease.objects.create(deployment=deployment, holder_name="Ada", via="page", created_at=NOW)
