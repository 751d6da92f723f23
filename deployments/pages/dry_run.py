"""`/deployments/{slug}/dry-run/`: what a release of the saved configuration would deploy. Nothing is."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.services import dry_run as rendering
from deployments.services.errors import Refused
from deployments.services.preflight import preflight
from deployments.services.releases import checked_spec

from .access import PageRequest, needs
from .head import head
from .looking import outside_of
from .lookup import deployment_of
from .release_words import in_flags, in_words
from .settings import wrapped


@require_safe
@needs(Scope.READ)
def dry_run(request: PageRequest, slug: str) -> HttpResponse:
    """The page."""
    deployment = deployment_of(request, slug)
    try:
        spec = checked_spec(deployment.config)
        made = rendering.dry_run(deployment, spec)
    except Refused as error:
        messages.error(request, error.message)
        return redirect("deployments:settings", slug)
    context = head(request, deployment, "settings") | {
        "made": made,
        "live": deployment.live_release_id is not None,
        "differences": in_words(made.changes) if made.against else [],
        "flags": in_flags(made.against.spec, deployment.config) if made.against else [],
        "command": wrapped(made.argv),
        "document": json.dumps(made.document, indent=2, ensure_ascii=False),
        "image": spec.image.reference,
        "judged": preflight(deployment, spec),
    }
    return render(request, "deployments/dry_run.html", context | outside_of(deployment, request.actor))
