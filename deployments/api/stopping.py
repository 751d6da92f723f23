"""Putting out: one server, or everything."""

from datetime import datetime
from typing import Any

from ninja import Field, Router, Schema, Status

from deployments.models import Deployment, Freeze
from deployments.planning.power import Scope
from deployments.services import frozen, requests
from deployments.services.status import status_of

from .access import ApiRequest, deployment_of, needs
from .kinds import Flag, Line, Wish
from .status_schemas import StatusOut

router = Router(tags=["deployments"])


class StopWish(Wish):
    """How to put it out."""

    force: Flag = Field(default=False, description="Although others use it; needs `operate`.")


class FreezeWish(Wish):
    """Why everything is frozen."""

    reason: Line = ""


_GENTLY, _UNSAID = StopWish(), FreezeWish()


class FreezeOut(Schema):
    """Whether everything is frozen."""

    frozen: bool
    set_at: datetime | None
    set_by: str | None
    reason: str | None


@router.post("/deployments/{slug:slug}/sleep", response={202: StatusOut}, summary="Put it to sleep")
@needs(Scope.WAKE)
def post_sleep(request: ApiRequest, slug: str, wish: StopWish = _GENTLY) -> Status[Any]:
    """Drained, then out; it can be woken again. 409 `in_use` names who uses it."""
    deployment = deployment_of(request, slug)
    requests.sleep(deployment, actor=request.auth, force=wish.force)
    return Status(202, _state(deployment, request))


@router.post("/deployments/{slug:slug}/turn-off", response={202: StatusOut}, summary="Turn it off")
@needs(Scope.WAKE)
def post_turn_off(request: ApiRequest, slug: str, wish: StopWish = _GENTLY) -> Status[Any]:
    """Out, and nothing can wake it until somebody starts it. 409 `in_use` names who uses it."""
    deployment = deployment_of(request, slug)
    requests.turn_off(deployment, actor=request.auth, force=wish.force)
    return Status(202, _state(deployment, request))


def _state(deployment: Deployment, request: ApiRequest) -> Any:
    return status_of(deployment, actor=request.auth)


@router.get("/freeze", response=FreezeOut, summary="Whether everything is frozen")
@needs(Scope.READ)
def get_freeze(request: ApiRequest) -> Any:
    """While frozen, nothing can be lit."""
    return _frozen(frozen.current_freeze())


@router.post("/freeze", response=FreezeOut, summary="Everything out, nothing lit")
@needs(Scope.OPERATE)
def post_freeze(request: ApiRequest, wish: FreezeWish = _UNSAID) -> Any:
    """Turns everything off at once. Freezing twice is one freeze."""
    return _frozen(frozen.freeze(actor=request.auth, reason=wish.reason))


@router.delete("/freeze", response=FreezeOut, summary="Lift the freeze")
@needs(Scope.ADMIN)
def delete_freeze(request: ApiRequest) -> Any:
    """Lets servers be lit again; lights nothing."""
    frozen.lift_freeze(actor=request.auth)
    return _frozen(None)


def _frozen(freeze: Freeze | None) -> dict[str, Any]:
    if freeze is None:
        return {"frozen": False, "set_at": None, "set_by": None, "reason": None}
    return {"frozen": True, "set_at": freeze.set_at, "set_by": freeze.set_by_name, "reason": freeze.reason}
