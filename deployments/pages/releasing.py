"""Making a release: what it changes, what was seen at the provider, and who is cut off when it comes."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deployments.engines.validation.secrets import masked
from deployments.models import Cause, Deployment, Release
from deployments.planning.power import Scope
from deployments.services import editing, releases, status
from deployments.services.errors import Refused
from deployments.services.locking import locked
from deployments.services.use import holders_of

from .access import PageRequest, needs
from .answers import acted, dialog
from .looking import outside_of
from .lookup import deployment_of
from .release_words import in_flags, in_words

_LONGEST_NOTE = 500


@require_safe
@needs(Scope.OPERATE)
def release_dialog(request: PageRequest, slug: str) -> HttpResponse:
    """The dialog. Where nobody looked at the provider lately, it does so by itself: that is free."""
    return dialog(request, "make_release", _context(request, deployment_of(request, slug)))


@require_POST
@needs(Scope.OPERATE)
def make_release(request: PageRequest, slug: str) -> HttpResponse:
    """Freeze the saved configuration. Lights nothing."""
    deployment = deployment_of(request, slug)
    note = request.POST.get("note", "")[:_LONGEST_NOTE]
    try:
        made = _made(request, deployment, note)
    except Refused as error:
        deployment.refresh_from_db()
        context = _context(request, deployment) | {"refused": error.message, "note": note}
        return dialog(request, "make_release", context, status=error.status)
    words = f"Release {made.number} is made. {consequence(deployment)}"
    return acted(request, words, reverse("deployments:settings", args=[slug]))


def _made(request: PageRequest, deployment: Deployment, note: str) -> Release:
    """Freezes what was shown: Stale where somebody saved another configuration since."""
    with transaction.atomic():
        row = locked(deployment.pk)
        editing.check_version(row, request.POST.get("base") or None)
        return releases.create_release(row, actor=request.actor, note=note)


def consequence(deployment: Deployment) -> str:
    """When a release that was made comes to the provider."""
    if deployment.app_id:
        return "What is deployed stays as it is; the next start brings the new one."
    return "The next start brings it."


def cut_off(deployment: Deployment) -> dict[str, Any]:
    """Who would be cut off if the new release were brought now, and what runs in its way."""
    lit = deployment.runs.filter(ended_at__isnull=True).exclude(cause=Cause.DOWNLOAD)
    run = lit.select_related("release").first()
    return {"holders": holders_of(deployment, timezone.now()), "lit": run}


def _context(request: PageRequest, deployment: Deployment) -> dict[str, Any]:
    against = deployment.live_release or deployment.current_release
    before = masked(against.spec) if against is not None else {}
    after = masked(deployment.config)
    newest = deployment.releases.order_by("-number").values_list("number", flat=True).first()
    seen = outside_of(deployment, request.actor)
    look = seen["look"]
    return {
        "nav": "deployments",
        "deployment": deployment,
        "status": status.status_of(deployment, actor=request.actor),
        "number": (newest or 0) + 1,
        "base": editing.version_of(editing.document_of(deployment)),
        "against": against,
        "differences": in_words(releases.difference(before, after)) if against else [],
        "flags": in_flags(before, after) if against else [],
        "look_now": look is None or not look.current,
        **cut_off(deployment),
        **seen,
    }
