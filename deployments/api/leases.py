"""Starting, extending and giving back."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.utils import timezone
from ninja import Field, Router, Status
from pydantic import StrictInt

from deployments.models import Lease
from deployments.planning.power import Scope
from deployments.services import requests
from deployments.services.errors import bad_field, not_found

from .access import ApiRequest, deployment_of, needs
from .kinds import Flag, Instant, Line, Usd, Whole, Wish
from .status_schemas import LeaseOut

router = Router(tags=["deployments"])


class StartWish(Wish):
    """A start. Everything may be left out."""

    until: Instant | None = Field(default=None, description="Null means until idle; a time needs `operate`.")
    for_s: Annotated[StrictInt, Field(ge=60)] | None = Field(
        default=None, description="Seconds from now, instead of `until`; needs `operate`."
    )
    reason: Line = ""
    accept_download: Flag = Field(default=False, description="Start although the GPUs download first.")


_PLAIN = StartWish()


class ExtendWish(Wish):
    """Another end of a lease."""

    lease_id: Whole
    until: Instant | None = None
    for_s: Annotated[StrictInt, Field(ge=60)] | None = Field(
        default=None, description="Seconds from now, instead of `until`."
    )


def _end(until: datetime | None, for_s: int | None) -> datetime | None:
    if until is not None and for_s is not None:
        raise bad_field("for_s", "Give `until` or `for_s`, not both.")
    if for_s is not None and for_s > requests.LONGEST.total_seconds():
        raise bad_field("for_s", f"Give at most {requests.LONGEST.total_seconds():.0f} s, and extend later.")
    return until if for_s is None else timezone.now() + timedelta(seconds=for_s)


class LeaseAnswer(LeaseOut):
    """A lease that was made or changed."""

    deployment: str
    ended_at: datetime | None = None
    end_reason: str | None = None
    quoted_usd: Usd | None = Field(description="What the start was said to cost.")


@router.post("/deployments/{slug:slug}/start", response={202: LeaseAnswer}, summary="Light it")
@needs(Scope.WAKE)
def post_start(request: ApiRequest, slug: str, wish: StartWish = _PLAIN) -> Status[Any]:
    """Writes down the lease; the server comes up in the background: watch `status`. From off it needs the
    scope `operate`."""
    lease = requests.start(
        deployment_of(request, slug),
        actor=request.auth,
        until=_end(wish.until, wish.for_s),
        reason=wish.reason,
        accept_download=wish.accept_download,
    )
    return Status(202, shown(lease, request, slug))


@router.post(
    "/deployments/{slug:slug}/extend", response={200: LeaseAnswer}, summary="Move the end of a lease"
)
@needs(Scope.OPERATE)
def post_extend(request: ApiRequest, slug: str, wish: ExtendWish) -> Any:
    """One's own lease, or anybody's for an operator."""
    deployment = deployment_of(request, slug)
    if not wish.model_fields_set & {"until", "for_s"}:
        raise bad_field("until", "Give a time, null for until idle, or for_s.")
    if not deployment.leases.filter(pk=wish.lease_id).exists():
        raise not_found("An open lease of this deployment")
    return shown(
        requests.extend(wish.lease_id, actor=request.auth, until=_end(wish.until, wish.for_s)), request, slug
    )


@router.delete("/leases/{int:lease_id}", response={200: LeaseAnswer}, summary="Give a lease back")
@needs(Scope.WAKE)
def delete_lease(request: ApiRequest, lease_id: int) -> Any:
    """The server goes out when nobody else holds it."""
    lease = requests.give_back(lease_id, actor=request.auth)
    return shown(lease, request, lease.deployment.slug)


def shown(lease: Lease, request: ApiRequest, slug: str) -> dict[str, Any]:
    """The lease as the caller sees it."""
    names = ("id", "reason", "via", "created_at", "until", "ended_at", "quoted_usd")
    return {name: getattr(lease, name) for name in names} | {
        "holder": lease.holder_name,
        "mine": request.auth.user_id is not None and lease.holder_id == request.auth.user_id,
        "deployment": slug,
        "end_reason": lease.end_reason or None,
    }
