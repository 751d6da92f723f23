"""`POST /deployments/{slug}/preflight`: what is wrong with a configuration, before anything is spent."""

from typing import Any

from ninja import Field, Router, Schema

from deployments.engines.validation import Level
from deployments.planning.power import Scope
from deployments.services.preflight import preflight
from deployments.services.releases import checked_spec

from .access import ApiRequest, deployment_of, needs
from .kinds import Wish

router = Router(tags=["deployments"])


class PreflightWish(Wish):
    """Settings to try. Nothing of them is kept."""

    config: dict[str, Any] = Field(
        default={}, description="Each key given replaces that setting of the configuration, the others stay."
    )


_AS_IT_IS = PreflightWish()


class FixOut(Schema):
    """One click."""

    words: str
    patch: dict[str, Any] = Field(description="The settings to send with PATCH.")


class FindingOut(Schema):
    """One thing that is wrong or unwise."""

    level: Level
    code: str
    field: str
    flag: str | None
    cause: str
    remedy: str
    fix: FixOut | None
    source: str
    by_parser: bool = Field(description="Whether the engine's own argument parser refuses it as well.")


class PreflightOut(Schema):
    """What was found. Nothing was changed, and nothing outside was asked."""

    slug: str
    catalogue_version: str = Field(description="The engine version whose flags were used.")
    may_release: bool = Field(description="Whether a release of it would be made: no finding is an error.")
    findings: list[FindingOut] = Field(description="Errors first.")


@router.post(
    "/deployments/{slug:slug}/preflight", response=PreflightOut, summary="Judge the configuration or a change"
)
@needs(Scope.READ)
def post_preflight(request: ApiRequest, slug: str, wish: PreflightWish = _AS_IT_IS) -> Any:
    """Of the configuration as it is stored, released or not; with `config`, as it would be."""
    deployment = deployment_of(request, slug)
    judged = preflight(deployment, checked_spec(deployment.config | wish.config))
    return {
        "slug": deployment.slug,
        "catalogue_version": judged.catalogue_version,
        "may_release": judged.may_release,
        "findings": judged.findings,
    }
