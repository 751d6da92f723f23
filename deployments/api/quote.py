"""`GET /deployments/{slug}/quote`: what a start would cost."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Router, Schema

from deployments.planning.power import Scope
from deployments.services.errors import bad_field
from deployments.services.quote import quote

from .access import ApiRequest, deployment_of, needs
from .kinds import Instant, Seconds, Usd

router = Router(tags=["deployments"])


class QuotePartOut(Schema):
    """One line of a quote."""

    key: str
    label: str
    note: str
    seconds: Seconds | None
    usd: Usd | None = Field(description="Null where it is not known.")
    estimate: bool


class QuoteOut(Schema):
    """What a start now would cost."""

    slug: str
    until: datetime | None
    price_usd_per_hour: Usd
    ready_p50_s: Seconds
    ready_p90_s: Seconds
    basis: str = Field(description="Where the time to ready comes from.")
    parts: list[QuotePartOut]
    until_ready_usd: Usd
    total_usd: Usd = Field(description="The sum of the known parts.")
    weights_present: bool | None
    download_usd: Usd | None
    download_s: Seconds | None
    is_sandbox: bool


@router.get("/deployments/{slug:slug}/quote", response=QuoteOut, summary="What a start would cost")
@needs(Scope.READ)
def get_quote(request: ApiRequest, slug: str, until: Instant | None = None) -> Any:
    """Without `until`: until idle, the boot and one idle window."""
    deployment = deployment_of(request, slug)
    if until is not None and until <= timezone.now():
        raise bad_field("until", "This time is over. Give one in the future, or leave it out.")
    return quote(deployment, until=until)
