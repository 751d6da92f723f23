"""The workspace's billing report (Team and Enterprise plans)."""

from datetime import UTC, datetime

from modal import exception

from deployments.providers.base import BilledHour

from .sdk import Client, modal


async def report(
    client: Client, environment: str, since: datetime, until: datetime
) -> list[BilledHour] | None:
    """Whole hours of the environment's apps; None where the plan does not include it.

    The report is of the whole workspace: other environments are left out here.
    """
    billing = modal.Workspace.from_context(client=client).billing
    start, end = since.astimezone(UTC), until.astimezone(UTC)
    try:
        items = await billing.report.aio(start=start, end=end, resolution="h", tag_names=["*"])
    except (exception.PermissionDeniedError, exception.UnimplementedError):
        return None
    return [
        BilledHour(
            app_id=item.object_id,
            app_name=item.description,
            hour=item.interval_start.replace(tzinfo=UTC),
            cost_usd=item.cost,
            by_resource=dict(item.cost_by_resource),
            tags=dict(item.tags),
        )
        for item in items
        if item.environment_name == environment
    ]
