"""What engines measured of their memory."""

from deployments.models import Release
from deployments.planning.memory.fit import Measured


def measured_memory(release: Release | None) -> Measured | None:
    """Of the newest run of a release whose engine said both; None where none did."""
    if release is None:
        return None
    told = release.runs.filter(weights_gib__isnull=False, cache_gib__gt=0, ready_at__isnull=False)
    run = told.order_by("-id").first()
    if run is None or run.weights_gib is None or run.cache_gib is None:
        return None
    return Measured(run.weights_gib, run.cache_gib)
