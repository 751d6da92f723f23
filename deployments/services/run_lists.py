"""Runs of one deployment or of all, narrowed, newest first, by keyset."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from deployments.models import Cause, Deployment, EndReason, Finding, Run
from deployments.planning.power import Actor

from . import costs, starts
from .runs import FAILED_ENDS, bare_view, kept_usd, release_number, view
from .slow_words import slow_views
from .status import visible
from .views import RunView

# What can stand for an end beside the reasons themselves.
FAILED, LIT = "failed", "lit"
# Rows of a download are read in batches of this many: memory stays flat, however long the list is.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What is asked for; what is empty narrows nothing.

    `end` is a reason, `failed` (every failure) or `lit` (those that live). `who` is the name of the person
    it was lit for. `since` and `until` bound when a run was first seen, `until` excluded. `found` keeps runs
    of which the log doctor said something, `code` those of which it said this.
    """

    deployment: str = ""
    cause: str = ""
    end: str = ""
    release: int | None = None
    who: str = ""
    since: datetime | None = None
    until: datetime | None = None
    found: bool = False
    code: str = ""

    @property
    def known(self) -> bool:
        """False where a cause or an end is named that there is not."""
        return self.cause in ("", *Cause.values) and self.end in ("", FAILED, LIT, *EndReason.values)


def rows(actor: Actor, only: RunFilter) -> QuerySet[Run]:
    """The runs that the actor may see and that were asked for, newest first."""
    found = Run.objects.filter(deployment__in=visible(actor))
    if only.deployment:
        found = found.filter(deployment__slug=only.deployment)
    wanted = {
        "cause": only.cause,
        "lit_for": only.who,
        "release__number": only.release,
        "first_seen_at__gte": only.since,
        "first_seen_at__lt": only.until,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value not in ("", None)})
    return _told(_ended(found, only.end), only).order_by("-id")


def _ended(found: QuerySet[Run], end: str) -> QuerySet[Run]:
    if end == LIT:
        return found.filter(ended_at__isnull=True)
    if end == FAILED:
        return found.filter(end_reason__in=FAILED_ENDS)
    return found.filter(end_reason=end) if end else found


def _told(found: QuerySet[Run], only: RunFilter) -> QuerySet[Run]:
    """Those of which the log doctor said something (else)."""
    if not (only.found or only.code):
        return found
    said = Finding.objects.filter(run=OuterRef("pk"))
    return found.filter(Exists(said.filter(code=only.code) if only.code else said))


def listed(actor: Actor, only: RunFilter, *, before_id: int | None = None, limit: int = 50) -> list[RunView]:
    """A page of them, without phases. Six queries, however many runs and deployments."""
    page = list(_whole(_before(rows(actor, only), before_id))[:limit])
    return _shown(page, costs.Books(), timezone.now())


def phased(actor: Actor, only: RunFilter, *, before_id: int | None = None, limit: int = 50) -> list[RunView]:
    """The same with phases. One query more; two more of one deployment, to tell what they usually take."""
    found = _whole(_before(rows(actor, only), before_id)).prefetch_related("phases")
    page, books, now = list(found[:limit]), costs.Books(), timezone.now()
    history = starts.newest(page[0].deployment) if only.deployment and page else ()
    usual = {number: starts.usual(history, number) for number in {release_number(run) for run in page}}
    views = (
        view(run, run.deployment, books.of(run.deployment.account), now, usual[release_number(run)])
        for run in page
    )
    return _told_more(page, views)


def every(actor: Actor, only: RunFilter) -> Iterator[RunView]:
    """All of them, newest first, a few hundred in memory at once, without phases."""
    books, now, before = costs.Books(), timezone.now(), None
    while True:
        batch = list(_whole(_before(rows(actor, only), before))[:_BATCH])
        yield from _shown(batch, books, now)
        if len(batch) < _BATCH:
            return
        before = batch[-1].pk


def _before(found: QuerySet[Run], run_id: int | None) -> QuerySet[Run]:
    return found if run_id is None else found.filter(pk__lt=run_id)


def _whole(found: QuerySet[Run]) -> QuerySet[Run]:
    """With all that a view reads. Deployments and releases, whose specs are long, are read once each and not
    once for every run."""
    deployments = Deployment.objects.select_related("account", "live_release", "current_release")
    return found.prefetch_related("release", Prefetch("deployment", deployments), "slow_phases")


def _shown(found: Sequence[Run], books: costs.Books, now: datetime) -> list[RunView]:
    """Rows of `_whole` as views. One query."""
    views = (bare_view(run, run.deployment, books.of(run.deployment.account), now) for run in found)
    return _told_more(found, views)


def _told_more(found: Sequence[Run], views: Iterable[RunView]) -> list[RunView]:
    """With what lists say beside: of its idle time what was kept warm, slow phases, the deployment's name."""
    kept = kept_usd(run.pk for run in found)
    return [
        replace(
            view, kept_usd=kept.get(run.pk, Decimal(0)), slow=slow_views(run),
            deployment_name=run.deployment.name,
        )
        for run, view in zip(found, views, strict=True)
    ]  # fmt: skip


def people(actor: Actor, slug: str = "") -> list[str]:
    """Whom runs were lit for, by name: what a filter offers. One query."""
    found = (
        Run.objects.filter(deployment__in=visible(actor)).exclude(lit_for="").exclude(cause=Cause.DOWNLOAD)
    )
    if slug:
        found = found.filter(deployment__slug=slug)
    return list(found.order_by("lit_for").values_list("lit_for", flat=True).distinct())


def releases(slug: str) -> list[int]:
    """The releases that runs of a deployment had, newest first. One query."""
    found = Run.objects.filter(deployment__slug=slug, release__isnull=False)
    return list(found.order_by("-release__number").values_list("release__number", flat=True).distinct())


def codes(actor: Actor, slug: str = "") -> list[tuple[str, str]]:
    """What the log doctor said of any of them: code and title, by title. One query."""
    found = Finding.objects.filter(run__isnull=False, deployment__in=visible(actor))
    if slug:
        found = found.filter(deployment__slug=slug)
    pairs: Iterable[tuple[str, str]] = found.order_by("code").values_list("code", "title").distinct()
    return sorted(dict(pairs).items(), key=lambda pair: pair[1])
