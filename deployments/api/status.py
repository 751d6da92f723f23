"""`GET /deployments/{slug}/status`, at once or when a state is reached."""

from typing import Annotated, Any

from ninja import Field, Router

from deployments.planning.lifecycle import State
from deployments.planning.power import Scope
from deployments.services.released import released
from deployments.services.status import status_of
from deployments.services.views import StatusView

from .access import ApiRequest, deployment_of, needs
from .status_schemas import StatusAnswer, WaitOut
from .waiting import LONGEST_S, Waited, until_state

router = Router(tags=["deployments"])

Timeout = Annotated[float, Field(ge=0, le=LONGEST_S, description="Seconds to wait at most.")]


@router.get(
    "/deployments/{slug:slug}/status", response=StatusAnswer, summary="The state, now or once reached"
)
@needs(Scope.READ)
async def get_status(
    request: ApiRequest, slug: str, wait_for: State | None = None, timeout_s: Timeout = 60.0
) -> Any:
    """With `wait_for` the answer comes when that state is reached, when `timeout_s` is over, or when
    waiting cannot bring it (`waited.ended_by` says which)."""

    def read() -> StatusView:
        return status_of(deployment_of(request, slug), actor=request.auth)

    look = released(read)
    if wait_for is None:
        return StatusAnswer.from_orm(await look())
    return _answer(await until_state(look, wait_for, timeout_s), wait_for)


def _answer(waited: Waited, wanted: State) -> StatusAnswer:
    answer = StatusAnswer.from_orm(waited.status)
    answer.waited = WaitOut(
        wanted=wanted,
        reached=waited.ended_by == "reached",
        ended_by=waited.ended_by,
        message=waited.message,
    )
    return answer
