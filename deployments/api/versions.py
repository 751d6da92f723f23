"""The version of a configuration in a request's `If-Match` and an answer's `ETag`."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Header

from deployments.models import Deployment
from deployments.services import editing

_IF_MATCH = (
    "The ETag that a GET gave: 412 where somebody changed the configuration since. Without it, no check."
)
IfMatch = Annotated[str | None, Header(alias="If-Match", description=_IF_MATCH)]


def check(locked: Deployment, if_match: str | None) -> None:
    """Raise Stale, as 412, where the locked row is not what was read. A proxy may have marked it as weak."""
    version = if_match.strip().removeprefix("W/").strip('"') if if_match is not None else None
    editing.check_version(locked, version, status=412)


def tag(response: HttpResponse, deployment: Deployment) -> None:
    """Write the version of the configuration into an answer."""
    response["ETag"] = f'"{editing.version_of(editing.document_of(deployment))}"'
