"""Releases: what is frozen of a configuration, and what changed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Field, Router, Schema, Status

from deployments.engines.validation.secrets import masked
from deployments.models import Deployment, Release
from deployments.planning.power import Scope
from deployments.services import releases
from deployments.services.locking import locked

from . import versions
from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Limit, Note, Page, Wish
from .paging import page, position

router = Router(tags=["releases"])


class ReleaseWish(Wish):
    """A release to make of the configuration as it is."""

    note: Note = ""


_UNSAID = ReleaseWish()


class ChangeOut(Schema):
    """One setting that differs from the release before."""

    field: str
    before: Any
    after: Any


class ReleaseOut(Schema):
    """An immutable numbered configuration."""

    number: int
    note: str
    author: str
    created_at: datetime
    rolled_back_to: int | None
    current: bool = Field(description="Whether the next start brings it.")
    live: bool = Field(description="Whether it is at the provider.")
    spec: dict[str, Any]
    changes: list[ChangeOut]


_ONE = "/deployments/{slug:slug}/releases"


@router.get(_ONE, response=Page[ReleaseOut], summary="Its releases, newest first")
@needs(Scope.READ)
def get_releases(request: ApiRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Each with what it changed."""
    deployment = deployment_of(request, slug)
    rows = deployment.releases.order_by("-number")
    if (before := position(cursor)) is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: limit + 1])
    answer = page(found, limit, key="number")
    specs = [*(release.spec for release in found), {}]  # the first changed everything
    items = [_shown(deployment, *pair) for pair in zip(found[:limit], specs[1:], strict=False)]
    return answer | {"items": items}


@router.post(_ONE, response={201: ReleaseOut}, summary="Freeze the configuration as the next release")
@needs(Scope.OPERATE)
def post_release(
    request: ApiRequest,
    slug: str,
    response: HttpResponse,
    wish: ReleaseWish = _UNSAID,
    if_match: versions.IfMatch = None,
) -> Status[Any]:
    """The next start brings it; what is lit stays as it is. The ETag is the version of what was frozen."""
    pk = deployment_of(request, slug).pk
    with transaction.atomic():
        deployment = locked(pk)
        versions.check(deployment, if_match)
        made = releases.create_release(deployment, actor=request.auth, note=wish.note)
    versions.tag(response, deployment)
    return Status(201, _one(deployment, made.number))


@router.get(_ONE + "/{int:number}", response=ReleaseOut, summary="One release")
@needs(Scope.READ)
def get_release(request: ApiRequest, slug: str, number: int) -> Any:
    """With what it changed."""
    deployment = deployment_of(request, slug)
    return _one(deployment, number)


@router.post(_ONE + "/{int:number}/rollback", response={201: ReleaseOut}, summary="Go back to a release")
@needs(Scope.OPERATE)
def post_rollback(request: ApiRequest, slug: str, number: int) -> Status[Any]:
    """Makes a new release with the configuration of the earlier one. Lights nothing."""
    deployment = deployment_of(request, slug)
    made = releases.rollback(deployment, number, actor=request.auth)
    return Status(201, _one(deployment, made.number))


def _one(deployment: Deployment, number: int) -> dict[str, Any]:
    release = releases.release_of(deployment, number)  # as stored: JSON knows no tuples
    before = deployment.releases.filter(number__lt=number).order_by("-number").first()
    return _shown(deployment, release, before.spec if before is not None else {})


def _shown(deployment: Deployment, release: Release, before: dict[str, Any]) -> dict[str, Any]:
    # Written before secrets were refused, it may hold one for good.
    before, after = masked(before), masked(release.spec)
    names = ("number", "note", "created_at", "rolled_back_to")
    return {name: getattr(release, name) for name in names} | {
        "author": release.author_name,
        "current": release.pk == deployment.current_release_id,
        "live": release.pk == deployment.live_release_id,
        "spec": after,
        "changes": releases.difference(before, after),
    }
