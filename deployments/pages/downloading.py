"""Fetch the weights on a machine without GPUs, or stop that."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from deployments.planning.power import Scope
from deployments.services import weights_requests
from deployments.services.errors import Refused

from .access import PageRequest, needs
from .answers import acted, refused
from .lookup import deployment_of


@require_POST
@needs(Scope.OPERATE)
def download(request: PageRequest, slug: str) -> HttpResponse:
    """Start the download."""
    deployment = deployment_of(request, slug)
    to = reverse("deployments:overview", args=[slug])
    try:
        weights_requests.start_download(deployment, actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    return acted(request, "The weights are being downloaded, without a GPU. Start when they are there.", to)


@require_POST
@needs(Scope.OPERATE)
def cancel_download(request: PageRequest, slug: str) -> HttpResponse:
    """Stop the download; what has arrived stays."""
    deployment = deployment_of(request, slug)
    to = reverse("deployments:overview", args=[slug])
    try:
        weights_requests.cancel_download(deployment, actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    return acted(request, "The download is being stopped. What has arrived stays on the volume.", to)
