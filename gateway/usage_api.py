"""`GET /usage`: what came through the door."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from deployments.public import FROM, TO, ZONE, Actor, Scope, asked_groups, asked_window

from .api import KeyProblem
from .key_errors import KeyRefused
from .usage_sums import GROUPS, usage

router = Router(tags=["keys"])


class UsageItem(Schema):
    """One sum. What was not grouped by is null."""

    day: date | None
    deployment: str | None = Field(description="Slug; empty where the model was not known.")
    user_id: int | None
    person: str | None
    key_id: int | None = Field(description="Null for pages and the playground.")
    key: str | None
    requests: int
    answered: int = Field(description="Requests that ended without an error.")
    prompt_tokens: int = Field(description="As the engine counted them, and so are those below.")
    cached_tokens: int = Field(description="Of the prompt tokens, those that the engine had already read.")
    completion_tokens: int
    reasoning_tokens: int


class UsageOut(Schema):
    """Usage from `from` to before `to`, in whole quarter hours."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    time_zone: str
    group: list[str]
    items: list[UsageItem]
    next: str | None = None


@router.get(
    "/usage",
    response={200: UsageOut, 401: KeyProblem, 403: KeyProblem, 422: KeyProblem},
    by_alias=True,
    openapi_extra={"x-scope": Scope.READ.value},
    summary="Requests and tokens",
)
def get_usage(
    request: HttpRequest,
    since: Annotated[str | None, Query(alias="from", description=FROM)] = None,
    until: Annotated[str | None, Query(alias="to", description=TO)] = None,
    group: Annotated[str | None, Query(description="A comma list of day, deployment, person, key.")] = None,
    time_zone: Annotated[str | None, Query(description=ZONE)] = None,
) -> Any:
    """Of everybody: those who may read see who used what.

    Needs the scope `read`.
    """
    actor = getattr(request, "auth", None)
    if not isinstance(actor, Actor) or not actor.may(Scope.READ):
        raise KeyRefused("not_allowed", "This needs the scope read.", status=403)
    window = asked_window(since, until, time_zone, timezone.now())
    groups = asked_groups(group, GROUPS)
    found = usage(actor, since=window.since, until=window.until, groups=groups, zone=window.zone)
    return {
        "since": window.since,
        "until": window.until,
        "time_zone": window.zone.key,
        "group": groups,
        "items": found,
    }
