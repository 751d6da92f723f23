"""`GET /deployments/{slug}/logs`: stored lines, and the live stream of them."""

from typing import Annotated, Any

from django.http import StreamingHttpResponse
from ninja import Field, Header, Router

from deployments.models import LogLine
from deployments.planning.power import Scope
from deployments.services import logs

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Instant, Page
from .log_schemas import LogLineOut
from .log_stream import BATCH, Tail, events
from .paging import position
from .released import released

router = Router(tags=["logs"])
_LAST_EVENT_ID: Any = Header(default=None, alias="Last-Event-ID")  # type: ignore[type-arg]

Lines = Annotated[int, Field(ge=1, le=5000, description="How many lines at most.")]
Newest = Annotated[int, Field(ge=1, le=1000, description="How many stored lines come first.")]
Contains = Annotated[str, Field(max_length=200, description="Text that a line has, in any case.")]
LineId = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="The id of a line.")]
RunId = Annotated[int | None, Field(ge=1, le=2**63 - 1, description="The id of a run.")]


@router.get("/deployments/{slug:slug}/logs", response=Page[LogLineOut], summary="Log lines")
@needs(Scope.READ)
def get_logs(
    request: ApiRequest,
    slug: str,
    since: Instant | None = None,
    until: Instant | None = None,
    run: RunId = None,
    contains: Contains = "",
    after: LineId = None,
    cursor: Cursor = None,
    limit: Lines = 500,
) -> Any:
    """In ascending order. The newest ones, and `next` leads to older ones; with `after` those that follow
    it, and `next` leads on."""
    asked = {"since": since, "until": until, "run_id": run, "contains": contains}
    deployment = deployment_of(request, slug)
    place = position(cursor)
    forwards = after is not None
    at = {"after_id": after if place is None else place} if forwards else {"before_id": place}
    found = logs.lines(deployment, limit=limit + 1, **asked, **at)  # type: ignore[arg-type]
    more = len(found) > limit
    items = found[:limit] if forwards else found[-limit:]
    end = items[-1 if forwards else 0] if items else None
    return {"items": items, "next": str(end.pk) if more and end is not None else None}


@router.get(
    "/deployments/{slug:slug}/logs/stream",
    summary="Log lines as they come",
    openapi_extra={
        "responses": {
            200: {
                "description": "Server-sent events; the id of an event is the id of its line.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        }
    },
)
@needs(Scope.READ)
async def stream_logs(
    request: ApiRequest,
    slug: str,
    run: RunId = None,
    contains: Contains = "",
    tail: Newest = 100,
    after: LineId = None,
    last_event_id: LineId = _LAST_EVENT_ID,
) -> StreamingHttpResponse:
    """Begins with the `tail` newest lines, or after the line `Last-Event-ID` (or `after`). Ends after ten
    minutes; an event source reconnects by itself and misses nothing."""
    deployment = await released(deployment_of)(request, slug)

    def read(after_id: int | None) -> list[LogLine]:
        limit = tail if after_id is None else BATCH
        return logs.lines(deployment, run_id=run, contains=contains, after_id=after_id, limit=limit)

    source = Tail(released(read), released(request.still_allowed))
    begin = last_event_id if last_event_id is not None else after
    response = StreamingHttpResponse(events(source, begin), content_type="text/event-stream; charset=utf-8")
    response["X-Accel-Buffering"] = "no"  # a proxy that gathers would hold lines back
    return response
