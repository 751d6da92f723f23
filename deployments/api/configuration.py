"""Configurations as YAML files."""

from typing import Any

from django.http import HttpResponse
from ninja import Field, Router, Schema

from deployments.planning.configuration_file import LONGEST_CHARACTERS, schema
from deployments.planning.power import Scope
from deployments.services import configuration_files
from deployments.services.errors import bad_field

from . import versions
from .access import ApiRequest, deployment_of, needs
from .preflight import FindingOut
from .releases import ChangeOut

router = Router(tags=["deployments"])
_ONE = "/deployments/{slug:slug}/configuration"
_YAML = "application/yaml"
_AS_FILE = {"responses": {200: {"content": {_YAML: {"schema": {"type": "object"}}}}}}
_SENT = {"requestBody": {"required": True, "content": {_YAML: {"schema": {"type": "object"}}}}}


class PlannedOut(Schema):
    """What a file changes."""

    saved: bool
    changes: list[ChangeOut]
    may_release: bool = Field(description="Whether a release of it would be made: no finding is an error.")
    findings: list[FindingOut]


@router.get("/configuration-schema", response=dict[str, Any], summary="The JSON Schema of such a file")
@needs(Scope.READ)
def get_schema(request: ApiRequest) -> Any:
    """For editors and for checks before a file is sent."""
    return schema()


@router.get(_ONE, openapi_extra=_AS_FILE, summary="The configuration as a YAML file")
@needs(Scope.READ)
def get_configuration(request: ApiRequest, slug: str, release: int | None = None) -> HttpResponse:
    """As it is saved, or that of a `release`. It holds no secret, and not the name of the app. As it is saved
    it has an ETag, for `If-Match` of a PUT."""
    deployment = deployment_of(request, slug)
    url = request.build_absolute_uri("/api/v1/configuration-schema")
    text = configuration_files.exported(deployment, release, schema_url=url)
    response = HttpResponse(text, content_type=f"{_YAML}; charset=utf-8")
    if release is None:
        versions.tag(response, deployment)
    return response


@router.put(_ONE, response=PlannedOut, openapi_extra=_SENT, summary="Take a YAML file in")
@needs(Scope.ADMIN)
def put_configuration(
    request: ApiRequest,
    slug: str,
    response: HttpResponse,
    dry_run: bool = False,
    if_match: versions.IfMatch = None,
) -> Any:
    """Replaces the saved configuration; settings that the file does not name get their defaults. Nothing
    that runs is touched. With `dry_run` nothing is saved either."""
    deployment, text = deployment_of(request, slug), _text(request)
    plan = configuration_files.planned(deployment, text)  # what is wrong in the file is said first
    versions.check(deployment, if_match)
    if not dry_run:  # what changes from here on is seen by its base
        deployment = configuration_files.take_in(deployment, text, actor=request.auth, base=plan.base)
    versions.tag(response, deployment)
    return {
        "saved": not dry_run,
        "changes": plan.changes,
        "may_release": plan.judged.may_release,
        "findings": plan.judged.findings,
    }


def _text(request: ApiRequest) -> str:
    """The body. A text of so many characters has at most four times as many bytes."""
    if len(request.body) > 4 * LONGEST_CHARACTERS:
        raise bad_field("body", f"The file is longer than {LONGEST_CHARACTERS:,} characters.")
    try:
        return request.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_field("body", "The file is no text in UTF-8; save it as UTF-8.") from error
