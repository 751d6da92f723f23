"""What is at the provider and no deployment explains: found at every look, priced, and ended on order.

Nothing here touches what Pilotlight did not deploy. By itself only what is surely this panel's is ended, and
only while everything is frozen or the panel's budget is spent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    Account,
    Deployment,
    Freeze,
    Orphan,
    OrphanContainer,
    OrphanKind,
    Run,
    Wanted,
)
from deployments.planning.power import SYSTEM
from deployments.providers.base import ContainerFacts, ListedApp, Provider, ProviderError, scaled

from . import audit, enqueue, notify
from .facts import app_name_of

log = structlog.get_logger(__name__)

# The apps themselves are listed this often, in the provider's time: without containers they cost nothing.
APPS_EVERY_S = 120.0
# Seen once may be a deploy that is just being written down; seen still after this long, it is told.
TOLD_AFTER = timedelta(seconds=10)
# A container that is missing from one list is looked for once more.
GONE_AFTER = timedelta(seconds=4)
FREEZE = "the freeze"


@dataclass(frozen=True, slots=True)
class Explained:
    """What the panel's own rows explain: apps by id and by name, those of them that may stand there without
    a container, and containers that have a run."""

    app_ids: frozenset[str]
    names: frozenset[str]
    kept_names: frozenset[str]
    container_ids: frozenset[str]

    def container(self, facts: ContainerFacts) -> bool:
        """True where a deployment has it as a run."""
        known = facts.app_id in self.app_ids or facts.app_name in self.names
        return known or facts.container_id in self.container_ids

    def app(self, app: ListedApp) -> bool:
        """True where a deployment wants the app, or is about to end it."""
        return app.app_id in self.app_ids or app.name in self.kept_names


@dataclass(slots=True)
class _Found:
    """One app that nothing explains."""

    app_id: str
    name: str
    listed: ListedApp | None = None
    containers: list[ContainerFacts] = field(default_factory=list)


def look(account: Account, containers: Sequence[ContainerFacts], provider: Provider, now: datetime) -> None:
    """Bring the orphans of an account up to date with what is there. Raises ProviderError."""
    known = explained(account)
    loose = [c for c in containers if not known.container(c)]
    apps = _listed(account, loose, provider, now)
    found = _found(loose, apps, known)
    rows = {row.app_id: row for row in Orphan.objects.filter(account=account, app_id__in=found)}
    for one in found.values():
        row = rows.get(one.app_id) or _begin(account, one, now)
        _see(row, one, now)
    _end_missing(account, found, loose, apps, provider, now)
    _tell_new(account, now)
    _put_out(account, provider, now)


def explained(account: Account) -> Explained:
    """What the rows explain now. Ids are unique at a provider; names count within their account."""
    own = Deployment.objects.filter(account=account, archived_at__isnull=True)
    rows = list(own.select_related("current_release", "live_release"))
    ids = Deployment.objects.exclude(app_id="").filter(archived_at__isnull=True)
    kept = own.filter(
        Q(wanted=Wanted.ON) | Q(maybe_deployed=True) | ~Q(stop_kind="")
        | Q(deploys__status__in=OPEN_DEPLOYS) | Q(downloads__status__in=OPEN_DOWNLOADS)
    )  # fmt: skip
    keeping = set(kept.values_list("pk", flat=True))
    return Explained(
        app_ids=frozenset(ids.values_list("app_id", flat=True)),
        names=frozenset(app_name_of(row) for row in rows),
        kept_names=frozenset(app_name_of(row) for row in rows if row.pk in keeping),
        container_ids=frozenset(
            Run.objects.filter(ended_at__isnull=True).values_list("container_id", flat=True)
        ),
    )


def _listed(
    account: Account, loose: Sequence[ContainerFacts], provider: Provider, now: datetime
) -> list[ListedApp] | None:
    """The apps, where a list is due or a container is there that nobody knows yet; else None."""
    asked = account.apps_checked_at
    due = asked is None or abs(now - asked) >= scaled(APPS_EVERY_S, account.speed) or being_put_out(account)
    unknown = {container.app_id for container in loose}
    unknown -= set(Orphan.objects.filter(account=account, gone_at=None).values_list("app_id", flat=True))
    if not (due or unknown):
        return None
    apps = provider.apps()
    Account.objects.filter(pk=account.pk).update(apps_checked_at=now)
    return apps


def being_put_out(account: Account) -> bool:
    """True while one that was ordered out is still there."""
    return Orphan.objects.filter(account=account, gone_at=None, put_out_at__isnull=False).exists()


def _found(
    loose: Sequence[ContainerFacts], apps: Sequence[ListedApp] | None, known: Explained
) -> dict[str, _Found]:
    """By app id. An app without containers counts only where a Pilotlight deployed it: it could be woken."""
    listed = {app.app_id: app for app in apps or ()}
    found: dict[str, _Found] = {}
    for container in loose:
        one = found.setdefault(container.app_id, _Found(container.app_id, container.app_name))
        one.containers.append(container)
        one.listed = listed.get(container.app_id)
    for app in listed.values():
        if app.by_pilotlight and app.app_id not in found and not known.app(app):
            found[app.app_id] = _Found(app.app_id, app.name, app)
    return found


def _begin(account: Account, one: _Found, now: datetime) -> Orphan:
    seen = {"app_name": one.name[:120], "first_seen_at": now, "last_seen_at": now, **_whose(account, one)}
    row, made = Orphan.objects.get_or_create(account=account, app_id=one.app_id, defaults=seen)
    if made:
        log.warning("orphan.found", account=account.name, app=one.name, kind=str(row.kind))
    return row


def _whose(account: Account, one: _Found) -> dict[str, Any]:
    """Kind and deployment. What the list of apps does not say to be a Pilotlight's is an outsider's."""
    if one.listed is None or not one.listed.by_pilotlight:
        return {"kind": OrphanKind.OUTSIDER, "deployment": None}
    deployment = _namesake(account, one)
    return {"kind": OrphanKind.OURS if deployment else OrphanKind.PANEL, "deployment": deployment}


def _namesake(account: Account, one: _Found) -> Deployment | None:
    """The deployment that the app's tag and name both speak of, archived ones too: with the tag alone it
    could be another panel's of the same slug."""
    if one.listed is None or not one.listed.slug:
        return None
    rows = Deployment.objects.filter(account=account, slug=one.listed.slug)
    row = rows.select_related("current_release", "live_release").first()
    if row is None:
        return None
    names = {release.spec.get("app_name") for release in row.releases.all()} | {row.config.get("app_name")}
    return row if one.name in names else None


def _see(row: Orphan, one: _Found, now: datetime) -> None:
    known = _whose(row.account, one) if row.kind == OrphanKind.OUTSIDER and one.listed is not None else {}
    Orphan.objects.filter(pk=row.pk).update(last_seen_at=now, gone_at=None, **known)
    for facts in one.containers:
        seen: dict[str, Any] = {"last_seen_at": now, "started_at": facts.started_at, "ended_at": None}
        if facts.gpu_count is not None:
            seen |= {"gpu_type": facts.gpu_type, "gpu_count": facts.gpu_count}
        OrphanContainer.objects.update_or_create(orphan=row, container_id=facts.container_id, defaults=seen)


def _end_missing(
    account: Account, found: dict[str, _Found], loose: Sequence[ContainerFacts],
    apps: Sequence[ListedApp] | None, provider: Provider, now: datetime,
) -> None:  # fmt: skip
    """Containers that are gone end, and so does an orphan that is gone or explained now."""
    there = {container.container_id for container in loose}
    open_ = OrphanContainer.objects.filter(orphan__account=account, ended_at=None)
    # A deployment has taken it over: its run counts the container from its start.
    open_.filter(container_id__in=Run.objects.filter(account=account).values("container_id")).delete()
    for row in open_.exclude(container_id__in=there):
        told = provider.ended_container(row.container_id)
        if told is not None and told.finished_at is not None:
            started = row.started_at or told.started_at
            OrphanContainer.objects.filter(pk=row.pk).update(ended_at=told.finished_at, started_at=started)
        elif now >= row.last_seen_at + GONE_AFTER:
            OrphanContainer.objects.filter(pk=row.pk).update(ended_at=now)
    left = Orphan.objects.filter(account=account, gone_at=None).exclude(app_id__in=found)
    left = left.exclude(containers__in=OrphanContainer.objects.filter(ended_at=None))
    if apps is None:
        left = left.filter(kind=OrphanKind.OUTSIDER)  # of the others the app itself may still be there
    left.update(gone_at=now)


def _tell_new(account: Account, now: datetime) -> None:
    """Each once, when it is still there after a moment; outsiders are only shown."""
    rows = Orphan.objects.filter(account=account, gone_at=None, told_at=None, put_out_at=None)
    for row in rows.exclude(kind=OrphanKind.OUTSIDER).filter(first_seen_at__lte=now - TOLD_AFTER):
        words = said(row)
        with transaction.atomic():
            if not Orphan.objects.filter(pk=row.pk, told_at=None).update(told_at=now):
                continue  # another process told it
            audit.record(SYSTEM, "orphan", deployment=row.deployment, target=row.app_name, summary=words)
            notify.tell(
                "orphan", words, more="An operator can put it out under Costs, Unexplained.",
                deployment=row.deployment,
            )  # fmt: skip


def said(row: Orphan) -> str:
    """One sentence about what it is."""
    lit = row.containers.filter(ended_at=None).count()
    burning = f"burns with {lit} container{'' if lit == 1 else 's'}" if lit else "can be woken by anybody"
    return f"{row.app_name} at {row.account.name} {burning}, and no deployment explains it."


def order_out(rows: Iterable[Orphan], by: str, now: datetime) -> list[Orphan]:
    """Write the order to end them; those that had one, or are an outsider's, are left. Gives the new ones."""
    ordered = []
    for row in rows:
        changed = Orphan.objects.filter(pk=row.pk, gone_at=None, put_out_at=None)
        if changed.exclude(kind=OrphanKind.OUTSIDER).update(put_out_at=now, put_out_by=by[:150]):
            ordered.append(row)
            enqueue.observe_soon(row.account_id)
    return ordered


def order_ours_out(by: str, now: datetime, *, deployment_id: int | None = None) -> None:
    """End all that is surely this panel's, or of one deployment: everything is frozen, or a budget is spent
    that it counts towards."""
    rows = Orphan.objects.filter(gone_at=None, put_out_at=None, kind=OrphanKind.OURS)
    if deployment_id is not None:
        rows = rows.filter(deployment=deployment_id)
    with transaction.atomic():
        for row in order_out(rows.select_related("account", "deployment"), by, now):
            audit.record(
                SYSTEM, "put_out_orphan", deployment=row.deployment, target=row.app_name,
                summary=f"{row.app_name} at {row.account.name}, which nothing explained, is put out by {by}.",
            )  # fmt: skip


def _put_out(account: Account, provider: Provider, now: datetime) -> None:
    """Carry the orders out, again at each look until nothing is left. One that a deployment has taken over
    in the meantime is that deployment's affair."""
    if Freeze.objects.filter(lifted_at__isnull=True).exists():
        order_ours_out(FREEZE, now)
    rows = Orphan.objects.filter(account=account, gone_at=None, put_out_at__isnull=False)
    for row in rows.exclude(kind=OrphanKind.OUTSIDER):
        known = explained(account)
        if row.app_id in known.app_ids or row.app_name in known.kept_names:
            continue
        try:
            provider.end_app(row.app_id)
        except ProviderError as error:  # the next look tries again
            log.warning("orphan.refused", app=row.app_name, error=error.message)
            Account.objects.filter(pk=account.pk).update(last_error=error.message[:2000])
