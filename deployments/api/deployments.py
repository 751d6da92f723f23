"""`/deployments`: configuration and status."""

from datetime import datetime
from typing import Annotated, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpResponse
from ninja import Field, Router, Schema, Status

from deployments.engines.validation.secrets import masked
from deployments.models import Account, Deployment
from deployments.planning.power import Scope
from deployments.services import auto_rollback, describe, moving, releases, status
from deployments.services.errors import bad_field
from deployments.services.views import StatusView

from . import versions
from .access import ApiRequest, demand, deployment_of, needs
from .kinds import Flag, Line, Note, Page, Text, Usd, Wish
from .status_schemas import StatusOut

router = Router(tags=["deployments"])

Config = Annotated[dict[str, Any], Field(description="The settings of the server; GET shows all of them.")]
_ONE = "/deployments/{slug:slug}"


class DeploymentOut(Schema):
    """A server as it is configured, and what it is now."""

    slug: str
    name: str
    account: str
    owner: str | None
    notes: str
    warm_up: bool
    member_cap_usd: Usd | None
    created_at: datetime
    current_release: int | None
    auto_rollback: bool = Field(
        description="Whether a release that does not become ready is left for the last one that was. Lights"
        " nothing."
    )
    config: Config
    status: StatusOut


class DeploymentWish(Wish):
    """A deployment to make."""

    slug: Text
    name: Text
    account: Line | None = Field(default=None, description="Its name. Not needed where there is one.")
    notes: Note = ""
    config: Config


class DeploymentPatch(Wish):
    """What to change. What is left out stays."""

    name: Text | None = None
    notes: Note | None = None
    account: Line | None = Field(
        None, description="The name of the account to move to; only while it is off."
    )
    auto_rollback: Flag | None = None
    owner: Line | None = Field(None, description="A user name; null for nobody.")
    warm_up: Flag | None = None
    member_cap_usd: Line | None = Field(
        None, description="What a member's start may cost at most, in dollars; null for no cap."
    )
    config: Config | None = Field(
        None, description="Settings to change: each key given replaces that setting, the others stay."
    )


@router.get("/deployments", response=Page[DeploymentOut], summary="Every deployment one may see")
@needs(Scope.READ)
def get_deployments(request: ApiRequest) -> Any:
    """In the order of their names, all of them."""
    views = {view.id: view for view in status.statuses(actor=request.auth)}
    rows = status.visible(request.auth).select_related("account", "owner", "current_release")
    items = [_shown(row, views[row.pk], request) for row in rows if row.pk in views]
    return {"items": items, "next": None}


@router.post("/deployments", response={201: DeploymentOut}, summary="Make a deployment")
@needs(Scope.ADMIN)
def post_deployment(request: ApiRequest, wish: DeploymentWish) -> Status[Any]:
    """It is off, and nothing is deployed by this."""
    demand(request.auth, Scope.ADMIN, wish.slug)
    made = releases.create_deployment(
        actor=request.auth,
        slug=wish.slug,
        name=wish.name,
        account=_account(wish.account),
        config=wish.config,
        notes=wish.notes,
    )
    return Status(201, _answer(made, request))


@router.get(_ONE, response=DeploymentOut, summary="One deployment")
@needs(Scope.READ)
def get_deployment(request: ApiRequest, slug: str, response: HttpResponse) -> Any:
    """Configuration and status. The ETag is the version of the configuration, for `If-Match` of a PATCH."""
    return _answer(deployment_of(request, slug), request, response)


@router.patch(_ONE, response=DeploymentOut, summary="Change the configuration")
@needs(Scope.ADMIN)
def patch_deployment(
    request: ApiRequest,
    slug: str,
    wish: DeploymentPatch,
    response: HttpResponse,
    if_match: versions.IfMatch = None,
) -> Any:
    """Changes nothing that runs: the next release freezes it, and the next start brings that."""
    with transaction.atomic():
        deployment = deployment_of(request, slug)
        locked = Deployment.objects.select_for_update().get(pk=deployment.pk)  # merged with what is there now
        versions.check(locked, if_match)
        if wish.account is not None:
            deployment = moving.move(deployment, _account(wish.account), actor=request.auth)
        deployment.config = locked.config
        if wish.config:
            releases.save_config(deployment, actor=request.auth, config=locked.config | wish.config)
        describe.describe(deployment, actor=request.auth, **_described(wish))
        if wish.auto_rollback is not None:
            auto_rollback.set_on(deployment, wish.auto_rollback, actor=request.auth)
    return _answer(deployment, request, response)


def _described(wish: DeploymentPatch) -> dict[str, Any]:
    """What is to change of `describe.DESCRIBED`; null means none where there may be none."""
    said = {"name": wish.name, "notes": wish.notes, "warm_up": wish.warm_up}
    given: dict[str, Any] = {field: value for field, value in said.items() if value is not None}
    if "member_cap_usd" in wish.model_fields_set:
        given["member_cap_usd"] = wish.member_cap_usd
    if "owner" in wish.model_fields_set:
        given["owner_id"] = _user_id(wish.owner)
    return given


def _user_id(name: str | None) -> int | None:
    if name is None:
        return None
    found = get_user_model().objects.filter(username=name, is_active=True).first()
    if found is None:
        raise bad_field("owner", "There is no such person; GET /users shows who there is.")
    return int(found.pk)


@router.delete(_ONE, response={204: None}, summary="Archive a deployment")
@needs(Scope.ADMIN)
def delete_deployment(request: ApiRequest, slug: str) -> Status[None]:
    """It has to be off. Its runs and costs stay."""
    releases.archive(deployment_of(request, slug), actor=request.auth)
    return Status(204, None)


def _account(name: str | None) -> Account:
    found = list(Account.objects.all()[:2] if name is None else Account.objects.filter(name=name))
    if len(found) != 1:
        asked = "There is no account of this name" if name is not None else "Name the account"
        raise bad_field("account", f"{asked}; GET /accounts shows which there are.")
    return found[0]


def _answer(
    deployment: Deployment, request: ApiRequest, response: HttpResponse | None = None
) -> dict[str, Any]:
    if response is not None:
        versions.tag(response, deployment)
    return _shown(deployment, status.status_of(deployment, actor=request.auth), request)


def _shown(deployment: Deployment, view: StatusView, request: ApiRequest) -> dict[str, Any]:
    names = ("slug", "name", "notes", "created_at", "warm_up", "auto_rollback", "member_cap_usd")
    release, owner = deployment.current_release, deployment.owner
    return {name: getattr(deployment, name) for name in names} | {
        "config": deployment.config if request.auth.may(Scope.ADMIN) else masked(deployment.config),
        "account": deployment.account.name,
        "owner": owner.get_username() if owner is not None else None,
        "current_release": release.number if release is not None else None,
        "status": view,
    }
