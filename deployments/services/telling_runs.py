"""What a notice tells of a run: its story, its page and, where the log spoke late, the diagnosis after it."""

from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from deployments.models import Deployment, Notice, Run

from . import chronicling, costs, findings, notify, runs
from .story import story
from .views import DiagnosisView

log = structlog.get_logger(__name__)


def facts_of(run: Run | None, deployment: Deployment, now: datetime) -> dict[str, Any]:
    """For a notice: the run's number, its page (a path) and its story in sentences; empty where there is no
    run. Never raises, and leaves the caller's transaction whole."""
    if run is None:
        return {}
    try:
        with transaction.atomic():
            row = Run.objects.select_related("release").prefetch_related("phases").get(pk=run.pk)
            view = runs.view(row, deployment, costs.book(deployment.account), now)
            told = story(chronicling.of(view, deployment, now=now))
    except Exception:  # whoever tells has something more important to do
        log.exception("notify.no_story", deployment=deployment.slug)
        return {}
    return {"run": run.number, "page": f"/deployments/{deployment.slug}/runs/{run.pk}/", "story": told}


def of_diagnosis(card: DiagnosisView) -> dict[str, Any]:
    """The diagnosis for webhooks. A change is made by a person who has looked at it, so it is only named."""
    names = ("code", "title", "cause", "remedy", "evidence")
    facts = {name: getattr(card, name) for name in names}
    return facts | {"change": card.fix.words if card.fix is not None else None}


def told_late(deployment_id: int, now: datetime) -> None:
    """Follow a notice of a failure up, once, where the log named the cause only after it was sent. Call it
    after new lines were read. Never raises."""
    try:
        with transaction.atomic():
            _told_late(deployment_id, now)
    except Exception:  # an observation goes on
        log.exception("notify.no_diagnosis", deployment_id=deployment_id)


def _told_late(deployment_id: int, now: datetime) -> None:
    rows = Deployment.objects.select_related("breaker_run", "account")
    deployment = rows.filter(pk=deployment_id, breaker_opened_at__isnull=False).first()
    if deployment is None or deployment.breaker_run is None:
        return
    notices = Notice.objects.filter(deployment=deployment, kind="failed", facts__late__isnull=True)
    notice = notices.filter(at__gte=deployment.breaker_opened_at).order_by("id").first()
    card = findings.of_break(deployment, deployment.breaker_run, now)
    if notice is None or card is None or (notice.facts.get("diagnosis") or {}).get("code") == card.code:
        return
    evidence = f" The line: {card.evidence[:300]}" if card.evidence else ""
    notify.tell(
        "failed",
        f"The log of {deployment.name} now says why it was turned off: {card.title}.",
        more=f"{card.cause} {card.remedy} It stays out until a person starts it again.{evidence}",
        deployment=deployment,
        facts={
            "late": True, "follows": notice.public_id, "diagnosis": of_diagnosis(card),
            **facts_of(deployment.breaker_run, deployment, now),
        },
        once=f"diagnosis:{notice.public_id}",
    )  # fmt: skip
