"""Bringing a release to the provider, once, whatever dies in the middle."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from deployments.models import (
    OPEN_DEPLOYS,
    Deploy,
    Deployment,
    DeployStatus,
    Freeze,
    LogSource,
    StopKind,
)
from deployments.planning.decide import Break
from deployments.planning.spec import Spec
from deployments.providers.base import Deployed, ProviderError
from deployments.providers.registry import provider_for

from . import breaker, enqueue, secrets, taking
from .facts import DEPLOY_STALE

log = structlog.get_logger(__name__)

HEARTBEAT_S = 3.0
ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=10)
# Between these words Modal's command line repeats the build of an image; the rest is the deploy's own.
_BUILD_BEGINS, _BUILD_ENDS = "Building image", ("Built image", "✓", "Created ")


def run_deploy(deploy_id: int) -> bool:
    """Carry out an open deploy; False where another worker has it or it is over.

    Delivered twice or taken over from a dead worker it first asks the provider whether this release is there
    already. Blocks for minutes. Provider errors end on the row, not as exceptions.
    """
    claim = uuid.uuid4().hex
    if not _claim(deploy_id, claim):
        return False
    row = Deploy.objects.select_related("deployment__account", "release").get(pk=deploy_id)
    try:
        with _heartbeat(deploy_id, claim):
            deployed = _bring(row, claim)
    except ProviderError as error:
        _failed(row, claim, error)
        return True
    _done(row, claim, deployed)
    return True


def _claim(deploy_id: int, claim: str) -> bool:
    now = timezone.now()
    free = Q(status=DeployStatus.PENDING) | Q(
        status=DeployStatus.RUNNING, heartbeat_at__lt=now - DEPLOY_STALE
    )
    free |= Q(status=DeployStatus.RUNNING, heartbeat_at__gt=now + DEPLOY_STALE)  # the clock was moved back
    return (
        Deploy.objects.filter(free, pk=deploy_id).update(
            status=DeployStatus.RUNNING,
            claim=claim,
            heartbeat_at=now,
            attempts=F("attempts") + 1,
            retry_at=None,
        )
        == 1
    )


@contextmanager
def _heartbeat(deploy_id: int, claim: str) -> Iterator[None]:
    """Keep the row fresh from a thread of its own while the provider works."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            try:
                Deploy.objects.filter(pk=deploy_id, claim=claim).update(heartbeat_at=timezone.now())
            except DatabaseError as error:  # the next beat may reach it again
                log.warning("deploy.heartbeat_missed", deploy=deploy_id, error=type(error).__name__)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, daemon=True, name=f"deploy-{deploy_id}")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bring(row: Deploy, claim: str) -> Deployed:
    deployment, release = row.deployment, row.release
    spec = Spec.from_json(release.spec)
    provider = provider_for(deployment.account)
    secrets.ensure(deployment.account, provider)
    there = provider.find_app(spec.app_name)
    if row.attempts > 1 and there is not None and there.release == release.number:
        return Deployed(app_id=there.app_id, endpoint_url=there.endpoint_url, changed=False)
    Deployment.objects.filter(pk=deployment.pk).update(maybe_deployed=True)
    return provider.deploy(
        spec,
        slug=deployment.slug,
        release=release.number,
        on_line=_line_keeper(deployment, release.pk),
        cancelled=lambda: not _still_wanted(row.pk, claim),
    )


def _line_keeper(deployment: Deployment, release_id: int) -> Callable[[str], None]:
    count, builds = 0, False
    started = timezone.now()

    def keep(line: str) -> None:
        nonlocal count, builds
        count += 1
        builds = builds or line.startswith(_BUILD_BEGINS)
        source = LogSource.BUILD if builds else LogSource.DEPLOY
        builds = builds and not line.startswith(_BUILD_ENDS)
        key = f"{started}-{count}"
        taking.keep_own(deployment, line, at=timezone.now(), source=source, release_id=release_id, key=key)

    return keep


def _still_wanted(deploy_id: int, claim: str) -> bool:
    """False where the deploy was cancelled, taken over, stopped or frozen in the meantime."""
    row = Deploy.objects.filter(pk=deploy_id, claim=claim, status=DeployStatus.RUNNING)
    free = row.filter(deployment__stop_kind=StopKind.NONE, deployment__archived_at__isnull=True)
    return free.exists() and not Freeze.objects.filter(lifted_at__isnull=True).exists()


def _done(row: Deploy, claim: str, deployed: Deployed) -> None:
    now = timezone.now()
    with transaction.atomic():
        mine = Deploy.objects.filter(pk=row.pk, claim=claim, status__in=OPEN_DEPLOYS)
        if not mine.update(status=DeployStatus.DONE, finished_at=now, error="", claim=""):
            log.warning("deploy.superseded", deploy=row.pk)
        # The app is there whoever owns the row: it must be known, so that it can be turned off.
        Deployment.objects.filter(pk=row.deployment_id).update(
            live_release=row.release, app_id=deployed.app_id, endpoint_url=deployed.endpoint_url
        )
        Deployment.objects.filter(pk=row.deployment_id, restoring=row.release).update(restoring=None)
        enqueue.reconcile_soon(row.deployment_id)


def _failed(row: Deploy, claim: str, error: ProviderError) -> None:
    now = timezone.now()
    final = error.permanent or row.attempts >= ATTEMPTS
    mine = Deploy.objects.filter(pk=row.pk, claim=claim, status=DeployStatus.RUNNING)
    taking.keep_own(
        row.deployment, error.message, at=now, source=LogSource.DEPLOY, release_id=row.release_id, key=claim
    )
    if not final:
        mine.update(
            status=DeployStatus.PENDING, claim="", error=error.message[:4000], retry_at=_retry_at(row, now)
        )
        return
    if mine.update(
        status=DeployStatus.FAILED,
        claim="",
        finished_at=now,
        error=error.message[:4000],
        permanent=error.permanent,
    ):
        breaker.open_breaker(
            row.deployment, reason=Break.DEPLOY_FAILED, run_id=None, now=now, text=error.message
        )


def _retry_at(row: Deploy, now: datetime) -> datetime:
    return now + RETRY_AFTER * row.attempts
