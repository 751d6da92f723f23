"""`GET /deployments/{slug}/timeline`: when it was lit, waking, failing, asleep; releases and failures."""

from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from ninja import Field, Router, Schema

from deployments.planning.power import Scope
from deployments.services.lit_times import SPANS, lit_times, rows

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Limit, Page, Seconds
from .paging import page, position

router = Router(tags=["runs"])


class TimelineRowOut(Schema):
    """A stretch of time in one state, or a mark at one instant."""

    kind: str = Field(
        description="A stretch: waking, lit, failed (a life that failed) or asleep (nothing was there: asleep"
        " or off). A mark: release or failure."
    )
    start: datetime = Field(description="Of a stretch not before the span begins; the instant of a mark.")
    end: datetime | None = Field(description="Null where it goes on now, and of a mark.")
    seconds: Seconds | None = Field(description="How long, so far; null of a mark.")
    run_id: int | None = Field(description="Null while nothing was there, and of a mark.")
    run_number: int | None
    lit_for: str = Field(description="Whom the run was lit for.")
    words: str = Field(description="What a mark says; empty of a stretch.")


@router.get(
    "/deployments/{slug:slug}/timeline",
    response=Page[TimelineRowOut],
    summary="When it was lit, newest first",
)
@needs(Scope.READ)
def get_timeline(
    request: ApiRequest,
    slug: str,
    span: Literal["24h", "7d"] = "24h",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The rows of the Runs page: stretches that touch each other, up to now, and marks between them."""
    deployment = deployment_of(request, slug)
    found = rows(lit_times(deployment, SPANS[span], timezone.now()))
    before = position(cursor)
    left = [row for row in found if before is None or row.position < before]
    return page(left[: limit + 1], limit, key="position")
