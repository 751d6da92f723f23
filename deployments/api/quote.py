"""`GET /deployments/{slug}/quote`: what a start would cost."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Router, Schema

from deployments.ledger.comparisons import DEDICATED_SOURCE
from deployments.planning.power import Scope
from deployments.services.budgets import applying, views
from deployments.services.errors import bad_field
from deployments.services.quote import left, quote

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
    history_runs: int = Field(description="How many own starts `basis` is taken from; 0: the recipe.")
    until_ready_p90_usd: Usd = Field(description="What a slow start costs until it is ready.")
    budget_left_usd: Usd | None = Field(
        description="Left now of the budget with the least that you would spend from; null: no budget."
    )
    budget_left_after_usd: Usd | None = Field(description="The same after this start; below 0 it is refused.")
    always_on_month_usd: Usd = Field(description="730 hours without a pause, CPU and memory in it.")
    dedicated_month_usd: Usd | None = Field(
        description="A month of a listed dedicated node; null where none has these GPUs."
    )
    dedicated_source: str | None
    break_even_hours_per_day: float | None = Field(
        description="Billed hours a day from which that node is cheaper; 24: never."
    )


@router.get("/deployments/{slug:slug}/quote", response=QuoteOut, summary="What a start would cost")
@needs(Scope.READ)
def get_quote(request: ApiRequest, slug: str, until: Instant | None = None) -> Any:
    """Without `until`: until idle, the boot and one idle window."""
    deployment = deployment_of(request, slug)
    if until is not None and until <= timezone.now():
        raise bad_field("until", "This time is over. Give one in the future, or leave it out.")
    now = timezone.now()
    price = quote(deployment, until=until, now=now)
    tight = next(iter(left(views(applying(deployment, request.auth), now), price)), None)
    return asdict(price) | {
        "budget_left_usd": tight.view.standing.left_usd if tight else None,
        "budget_left_after_usd": tight.after_usd if tight else None,
        "dedicated_source": DEDICATED_SOURCE if price.dedicated_month_usd is not None else None,
    }
