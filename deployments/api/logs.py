"""`GET /deployments/{slug}/logs`: stored lines, and the live stream of them."""

from typing import Annotated, Any

from django.http import StreamingHttpResponse
from ninja import Field, Header, Router

from deployments.models import LogLevel, LogSource
from deployments.planning.power import Scope
from deployments.services import logs
from deployments.services.following import BATCH, Tail
from deployments.services.released import released

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Instant, Page
from .log_schemas import LogLineOut
from .log_stream import events
from .paging import position

router = Router(tags=["logs"])
_LAST_EVENT_ID: Any = Header(default=None, alias="Last-Event-ID")  # type: ignore[type-arg]

Lines = Annotated[int, Field(ge=1, le=5000, description="How many lines at most.")]
Newest = Annotated[int, Field(ge=1, le=1000, description="How many stored lines come first.")]
Contains = Annotated[str, Field(max_length=200, description="Text that a line has, in any case.")]
LineId = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="The id of a line.")]
RunId = Annotated[int | None, Field(ge=1, le=2**63 - 1, description="The id of a run.")]
ReleaseNumber = Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The number of a release.")]
Level = Annotated[LogLevel | None, Field(description="W: warnings and errors; E: errors alone.")]
Source = Annotated[LogSource | None, Field(description="Who spoke.")]


@router.get("/deployments/{slug:slug}/logs", response=Page[LogLineOut], summary="Log lines")
@needs(Scope.READ)
def get_logs(
    request: ApiRequest,
    slug: str,
    since: Instant | None = None,
    until: Instant | None = None,
    run: RunId = None,
    release: ReleaseNumber = None,
    level: Level = None,
    source: Source = None,
    contains: Contains = "",
    after: LineId = None,
    cursor: Cursor = None,
    limit: Lines = 500,
) -> Any:
    """In ascending order. The newest ones, and `next` leads to older ones; with `after` those that follow
    it, and `next` leads on. A search looks for about a second: it may give fewer lines than `limit`, or none,
    and go on from `next`."""
    asked = logs.Asked(run, release, _levels(level), _sources(source), contains, since, until)
    deployment = deployment_of(request, slug)
    place = position(cursor)
    at = {"before_id": place} if after is None else {"after_id": after if place is None else place}
    found = logs.find(deployment, asked, limit=limit, **at)
    return {"items": found.lines, "next": None if found.reached is None else str(found.reached)}


def _levels(level: LogLevel | None) -> tuple[LogLevel, ...]:
    return logs.AT_LEAST.get(level, ()) if level is not None else ()


def _sources(source: LogSource | None) -> tuple[LogSource, ...]:
    return () if source is None else (source,)


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
    release: ReleaseNumber = None,
    level: Level = None,
    source: Source = None,
    contains: Contains = "",
    tail: Newest = 100,
    after: LineId = None,
    last_event_id: LineId = _LAST_EVENT_ID,
) -> StreamingHttpResponse:
    """Begins with the `tail` newest lines, or after the line `Last-Event-ID` (or `after`). Ends after ten
    minutes; an event source reconnects by itself and misses nothing."""
    deployment = await released(deployment_of)(request, slug)
    asked = logs.Asked(run, release, _levels(level), _sources(source), contains)

    def read(after_id: int | None) -> logs.Found:
        if after_id is None:
            return logs.newest(deployment, asked, tail)
        return logs.find(deployment, asked, after_id=after_id, limit=BATCH)

    tailed = Tail(released(read), released(request.still_allowed))
    begin = last_event_id if last_event_id is not None else after
    response = StreamingHttpResponse(events(tailed, begin), content_type="text/event-stream; charset=utf-8")
    response["X-Accel-Buffering"] = "no"  # a proxy that gathers would hold lines back
    return response
