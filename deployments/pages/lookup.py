"""From an address to a deployment that the actor may see."""

from django.http import Http404

from deployments.models import Deployment
from deployments.services import status

from .access import PageRequest


def deployment_of(request: PageRequest, slug: str) -> Deployment:
    """The deployment with its account and releases. Http404 where there is none or it is not the actor's."""
    rows = status.visible(request.actor).select_related("account", "current_release", "live_release")
    deployment = rows.filter(slug=slug).first()
    if deployment is None:
        raise Http404(f"There is no deployment “{slug}”, or it is not open to you.")
    return deployment
