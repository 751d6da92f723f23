"""The weights: fetched on a machine without GPUs."""

from typing import Any

from ninja import Router, Status

from deployments.planning.power import Scope
from deployments.services import weights_requests

from .access import ApiRequest, deployment_of, needs
from .status_schemas import DownloadOut

router = Router(tags=["deployments"])

_PATH = "/deployments/{slug:slug}/download"


@router.post(_PATH, response={202: DownloadOut}, summary="Download the weights")
@needs(Scope.OPERATE)
def post_download(request: ApiRequest, slug: str) -> Status[Any]:
    """Runs in the background, without a GPU: watch `download` in `status`."""
    return Status(202, weights_requests.start_download(deployment_of(request, slug), actor=request.auth))


@router.delete(_PATH, response={204: None}, summary="Stop the download")
@needs(Scope.OPERATE)
def delete_download(request: ApiRequest, slug: str) -> Status[None]:
    """What has arrived stays on the volume."""
    weights_requests.cancel_download(deployment_of(request, slug), actor=request.auth)
    return Status(204, None)
