"""The CPU-only weights download: started once, resumed by the id of its call."""

from datetime import datetime, timedelta

from django.db.models import Q

from deployments.models import Deployment, Download, DownloadStatus
from deployments.providers.base import CallOutcome, Provider

CLAIM = timedelta(seconds=45)


def step(download_id: int, app_name: str, provider: Provider, now: datetime) -> None:
    """Start a requested download, or read where a running one stands. Idempotent: the claim and the stored
    call id keep a second worker from starting it again. Raises ProviderError."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    free |= Q(claimed_until__gt=now + 2 * CLAIM)  # the clock was moved back since
    if not Download.objects.filter(free, pk=download_id).update(claimed_until=now + CLAIM):
        return
    download = Download.objects.select_related("deployment").get(pk=download_id)
    try:
        if download.cancel_requested:
            _cancel(download, provider, now)
        elif download.status == DownloadStatus.REQUESTED:
            _start(download, app_name, provider)
        elif download.status == DownloadStatus.RUNNING:
            _follow(download, provider, now)
    finally:
        Download.objects.filter(pk=download_id, claimed_until=now + CLAIM).update(claimed_until=None)


def _start(download: Download, app_name: str, provider: Provider) -> None:
    call_id = provider.start_download(app_name)
    Download.objects.filter(pk=download.pk, status=DownloadStatus.REQUESTED).update(
        status=DownloadStatus.RUNNING, call_id=call_id
    )


def _cancel(download: Download, provider: Provider, now: datetime) -> None:
    if download.call_id:
        provider.cancel_download(download.call_id)
    Download.objects.filter(pk=download.pk).update(status=DownloadStatus.CANCELLED, finished_at=now)


def _follow(download: Download, provider: Provider, now: datetime) -> None:
    state = provider.download_state(download.call_id)
    if state.outcome is CallOutcome.RUNNING:
        return
    done = state.outcome is CallOutcome.DONE
    Download.objects.filter(pk=download.pk, status=DownloadStatus.RUNNING).update(
        status=DownloadStatus.DONE if done else DownloadStatus.FAILED,
        finished_at=now,
        error="" if done else state.detail[:2000],
    )
    Deployment.objects.filter(pk=download.deployment_id).update(
        weights_present=True if done else None, weights_checked_at=now if done else None
    )
