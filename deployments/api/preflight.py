"""`POST /deployments/{slug}/preflight`: what is wrong with a configuration, before anything is spent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ninja import Field, Router, Schema

from deployments.engines.validation import Level
from deployments.models import Deployment
from deployments.planning.outside import CheckState
from deployments.planning.power import Scope
from deployments.planning.spec import Spec
from deployments.services import outside
from deployments.services.dry_run import dry_run
from deployments.services.outside import Look
from deployments.services.preflight import preflight
from deployments.services.releases import checked_spec

from .access import ApiRequest, demand, deployment_of, needs
from .kinds import Flag, Usd, Wish
from .releases import ChangeOut

router = Router(tags=["deployments"])


class PreflightWish(Wish):
    """Settings to try. Nothing of them is kept."""

    config: dict[str, Any] = Field(
        default={}, description="Each key given replaces that setting of the configuration, the others stay."
    )
    outside: Flag = Field(
        default=False,
        description="Ask the provider as well; needs `operate`. Free: nothing is woken, deployed or changed.",
    )
    dry_run: Flag = Field(default=False, description="Render what a release of it would deploy.")


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


class CheckOut(Schema):
    """One thing that was looked at outside."""

    code: str
    title: str
    state: CheckState = Field(
        description="`error` certainly fails the deploy, or would destroy something, and refuses a release;"
        " `unknown`: could not look, `saw` says why."
    )
    saw: str
    remedy: str
    offer: str = Field(description="`download` where POST /deployments/{slug}/download mends it.")
    offer_price: str = Field(description="What that costs, in words.")


class DryRunOut(Schema):
    """What a release of it would deploy. Nothing was deployed. Of secrets it has the names."""

    release: int = Field(description="The number it would get.")
    against: int | None = Field(description="The release at the provider, else of the next start.")
    changes: list[ChangeOut] = Field(description="What differs from `against`.")
    argv: list[str]
    environment: dict[str, str]
    secrets: list[str]
    document: dict[str, Any] = Field(description="What `modal_app.py` reads as PILOTLIGHT_SPEC.")
    module: str = Field(description="The text of `modal_app.py`.")
    gpu_usd_per_hour: Usd | None
    usd_per_hour: Usd | None = Field(description="With what CPU and memory are assumed to use.")


class PreflightOut(Schema):
    """What was found. Nothing was changed, and nothing outside was asked unless that was wished."""

    slug: str
    catalogue_version: str = Field(description="The engine version whose flags were used.")
    may_release: bool = Field(description="Whether a release of it would be made: nothing is an error.")
    findings: list[FindingOut] = Field(description="Errors first.")
    looked_at: datetime | None = Field(description="When the provider was asked, where that was wished.")
    checks: list[CheckOut] | None
    dry_run: DryRunOut | None


@router.post(
    "/deployments/{slug:slug}/preflight", response=PreflightOut, summary="Judge the configuration or a change"
)
@needs(Scope.READ)
def post_preflight(request: ApiRequest, slug: str, wish: PreflightWish = _AS_IT_IS) -> Any:
    """Of the configuration as it is stored, released or not; with `config`, as it would be."""
    deployment = deployment_of(request, slug)
    if wish.outside:
        demand(request.auth, Scope.OPERATE, deployment.slug)
    spec = checked_spec(deployment.config | wish.config)
    judged = preflight(deployment, spec)
    seen = outside.look(deployment, spec, actor=request.auth) if wish.outside else None
    return {
        "slug": deployment.slug,
        "catalogue_version": judged.catalogue_version,
        "may_release": judged.may_release and not (seen and seen.errors),
        "findings": judged.findings,
        "dry_run": _rendered(deployment, spec) if wish.dry_run else None,
        **_seen(seen),
    }


def _seen(seen: Look | None) -> dict[str, Any]:
    if seen is None:
        return {"looked_at": None, "checks": None}
    return {"looked_at": seen.at, "checks": seen.checks}


def _rendered(deployment: Deployment, spec: Spec) -> Mapping[str, Any]:
    made = dry_run(deployment, spec)
    names = ("changes", "argv", "environment", "secrets", "document", "module")
    return {name: getattr(made, name) for name in (*names, "gpu_usd_per_hour", "usd_per_hour")} | {
        "release": made.number,
        "against": made.against.number if made.against is not None else None,
    }
