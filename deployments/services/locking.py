"""One writer at a time on what is wanted of a deployment."""

from deployments.models import Deployment


def locked(deployment_id: int) -> Deployment:
    """The deployment as it is now, its row locked until the transaction ends.

    Every service that writes leases, orders or wishes takes this first: two of them at the same instant then
    come one after the other, and the second sees what the first wrote. Call it inside `atomic()`. On SQLite
    the transaction itself, begun as IMMEDIATE, is the lock.
    """
    rows = Deployment.objects.select_for_update(of=("self",))
    return rows.select_related("account", "current_release", "live_release").get(pk=deployment_id)
