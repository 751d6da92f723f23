"""A panel that came back from a backup: what was under way then is over, and its secrets can be read."""

from datetime import datetime

from django.db import transaction

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Account,
    Deploy,
    Deployment,
    DeployStatus,
    Download,
    DownloadStatus,
    Freeze,
    Heartbeat,
    InFlight,
    Lease,
    LeaseEnd,
    Wake,
    WakeStatus,
)
from deployments.planning.power import SYSTEM

from . import audit
from .encryption import encrypted


def settle_after_restore(now: datetime) -> None:
    """End every lease, wake, deploy and download of then. The freeze, which stands already, lets nothing be
    lit, and what is still lit at the provider is put out by it. Raises Freeze.DoesNotExist."""
    with transaction.atomic():
        Freeze.objects.get(lifted_at__isnull=True)
        leases = Lease.objects.filter(ended_at__isnull=True)
        number = leases.update(ended_at=now, end_reason=LeaseEnd.FROZEN)
        Wake.objects.filter(status__in=OPEN_WAKES).update(status=WakeStatus.CANCELLED)
        Deploy.objects.filter(status__in=OPEN_DEPLOYS).update(status=DeployStatus.CANCELLED)
        Download.objects.filter(status__in=OPEN_DOWNLOADS).update(status=DownloadStatus.CANCELLED)
        Account.objects.update(observe_claim="", observe_claimed_until=None, seen_at=None)
        Deployment.objects.update(reconcile_claim="", reconcile_claimed_until=None)
        Heartbeat.objects.all().delete()
        InFlight.objects.all().delete()
        words = f"The panel was restored from a backup and frozen; {number} leases of then ended."
        audit.record(SYSTEM, "restore", summary=words)


def check_secrets() -> int:
    """Decrypt all that is encrypted; gives how many values. ImproperlyConfigured where a key is missing."""
    return sum(
        bool(getattr(row, name))
        for model, names in encrypted()
        for row in model._base_manager.all()
        for name in names
    )
