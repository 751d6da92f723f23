"""Rows: many deployments of one account, the first of them under a lease and about to be seen lit."""

from datetime import timedelta
from typing import Any

from bench.follow.cloud import COUNT, LIT


def seed(now: Any) -> None:
    """Make them. The account is read as a real one is."""
    from deployments.models import Account, Deployment, Lease, Release
    from deployments.planning.presets import GLM_5_2_FP8

    account = Account.objects.create(name="Bench", token_id="ak-1", token_secret="as-1", seen_at=now)  # noqa: S106
    for number in range(COUNT):
        config = GLM_5_2_FP8.to_json() | {"app_name": f"app-{number}"}
        row = Deployment.objects.create(
            slug=f"server-{number}", name=f"Server {number}", account=account, config=config, wanted="on",
            app_id=f"ap-{number}", weights_present=True, weights_checked_at=now, app_checked_at=now,
            endpoint_url=f"https://app-{number}.example", warm_up=False,
        )  # fmt: skip
        release = Release.objects.create(deployment=row, number=1, spec=config, created_at=now)
        Deployment.objects.filter(pk=row.pk).update(current_release=release, live_release=release)
        if number < LIT:
            Lease.objects.create(
                deployment=row, holder_name="Anna", via="page", created_at=now - timedelta(seconds=5),
                until=now + timedelta(hours=3),
            )  # fmt: skip
