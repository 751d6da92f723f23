"""The change that a diagnosis offers: shown beside what is, and then made a release."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import mending
from deployments.services.errors import Refused

from .access import PageRequest, needs
from .answers import acted, refused
from .head import head
from .lookup import deployment_of
from .release_words import in_flags, in_words


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def mend(request: PageRequest, slug: str, finding_id: int) -> HttpResponse:
    """A look, and by POST the release. Neither lights anything."""
    deployment = deployment_of(request, slug)
    error: Refused | None = None
    if request.method == "POST":
        try:
            base = request.POST.get("base", "")
            made = mending.mend(deployment, finding_id, actor=request.actor, base=base)
        except Refused as refusal:
            error = refusal
        else:
            said = f"Release {made.number} has the change. Nothing was lit; the next start brings it."
            return acted(request, said, reverse("deployments:overview", args=[slug]))
    return _page(request, deployment_of(request, slug), finding_id, error)


def _page(
    request: PageRequest, deployment: Deployment, finding_id: int, error: Refused | None
) -> HttpResponse:
    try:
        plan = mending.planned(deployment, finding_id)
    except Refused as refusal:
        if refusal.status == 404:
            raise Http404(refusal.message) from None
        return refused(request, error or refusal, reverse("deployments:overview", args=[deployment.slug]))
    current = deployment.current_release
    context = {
        "plan": plan,
        "judged": plan.judged,
        "error": error.message if error is not None else "",
        "number": current.number if current is not None else None,
        "differences": in_words(plan.changes),
        "flags": in_flags(dict(plan.before), dict(plan.config)),
    }
    status = error.status if error is not None else 200
    context = head(request, deployment, "settings") | context
    return render(request, "deployments/mend.html", context, status=status)
