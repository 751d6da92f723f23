"""What people ask for about weights: fill the volume on a machine without GPUs, or stop that."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import OPEN_DOWNLOADS, Deployment, Download, DownloadStatus, Wanted
from deployments.planning.power import Actor, Scope

from . import audit, enqueue
from .allowed import check_can_light
from .errors import Refused, not_allowed
from .locking import locked
from .quote import quote
from .releases import ensure_release


def start_download(deployment: Deployment, *, actor: Actor) -> Download:
    """Ask for the CPU-only download. The app is deployed for it where it is not (free); nothing is lit."""
    now = timezone.now()
    if not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("Downloading weights needs an operator.")
    price = quote(deployment, until=None, now=now)
    try:
        with transaction.atomic():
            deployment = locked(deployment.pk)
            check_can_light(deployment, now, actor=actor)
            ensure_release(deployment, actor)
            Deployment.objects.filter(pk=deployment.pk).update(wanted=Wanted.ON, breaker_opened_at=None)
            row = Download.objects.create(deployment=deployment, requested_by=actor.name, created_at=now)
            audit.record(
                actor,
                "download",
                deployment=deployment,
                usd=price.download_usd,
                summary=f"{actor.name} asked for the weights of {deployment.name} on a CPU machine.",
            )
            enqueue.reconcile_soon(deployment.pk)
    except IntegrityError:
        raise Refused("in_progress", "A download is under way already.", status=409) from None
    return row


def cancel_download(deployment: Deployment, *, actor: Actor) -> None:
    """End the open download and its container. What was downloaded stays and is continued by the next."""
    if not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("Cancelling a download needs an operator.")
    row = deployment.downloads.filter(status__in=OPEN_DOWNLOADS).first()
    if row is None:
        raise Refused("no_download", "No download is under way.", status=409)
    with transaction.atomic():
        waiting = Download.objects.filter(
            pk=row.pk, status=DownloadStatus.REQUESTED, claimed_until__isnull=True
        )
        waiting.update(status=DownloadStatus.CANCELLED, finished_at=timezone.now())
        Download.objects.filter(pk=row.pk, status__in=OPEN_DOWNLOADS).update(cancel_requested=True)
        audit.record(
            actor, "cancel_download", deployment=deployment, summary=f"{actor.name} cancelled the download."
        )
        enqueue.reconcile_soon(deployment.pk)
