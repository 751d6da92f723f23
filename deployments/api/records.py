"""Prices, and what was done."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from deployments.models import Deployment, Price
from deployments.planning.power import Scope, Via
from deployments.services import audited, prices
from deployments.services.audited import ActionFilter, differences
from deployments.services.errors import not_found
from deployments.services.status import visible

from .access import ApiRequest, needs
from .kinds import Cursor, Instant, Limit, Page, Usd
from .paging import page, position

router = Router(tags=["records"])


class PriceOut(Schema):
    """What one unit costs from a day on."""

    provider: str
    account: str | None = Field(description="Whose own rate it is; null for the public price.")
    resource: str = Field(description="gpu:H200 and so on, cpu (a physical core), memory (a GiB).")
    usd_per_s: Usd
    usd_per_hour: Usd
    effective_from: datetime
    source: str
    checked_on: date = Field(description="When it was last known to hold.")
    in_effect: bool = Field(description="False for what was before, and for what comes later.")
    old: bool = Field(description="In effect, and not checked for 45 days.")

    @staticmethod
    def resolve_account(price: Any) -> str | None:
        """Its name."""
        return price.account.name if price.account is not None else None

    @staticmethod
    def resolve_usd_per_hour(price: Any) -> Decimal:
        """3600 seconds of it."""
        return Decimal(price.usd_per_s) * 3600


class RecordedChangeOut(Schema):
    """A setting as it was and as it is."""

    field: str = Field(description="Empty where the action is about one thing.")
    before: Any = None
    after: Any = None


class ActionOut(Schema):
    """Who did what, from where, with what effect."""

    id: int
    at: datetime
    actor: str
    user_id: int | None
    key_id: int | None
    via: str
    address: str = Field(description="Empty for other people's, unless the caller has the scope admin.")
    verb: str
    deployment: str | None
    target: str
    summary: str
    details: dict[str, Any]
    changes: list[RecordedChangeOut] = Field(description="What it changed, before and after.")
    usd: Usd | None

    @staticmethod
    def resolve_actor(action: Any) -> str:
        """The name they had."""
        return str(action.actor_name)

    @staticmethod
    def resolve_address(action: Any, context: Any) -> str:
        """As the caller may know it."""
        return audited.address(action, context["request"].auth)

    @staticmethod
    def resolve_changes(action: Any) -> list[Any]:
        """From its details."""
        return [{"field": c.field, "before": c.before, "after": c.after} for c in differences(action.details)]

    @staticmethod
    def resolve_deployment(action: Any) -> str | None:
        """Its slug."""
        return action.deployment.slug if action.deployment is not None else None


@router.get("/prices", response=Page[PriceOut], summary="Unit prices with their dates and sources")
@needs(Scope.READ)
def get_prices(request: ApiRequest) -> Any:
    """A change of a price is a row with a later date. An account's own rates go before the public ones; for
    a limited key those of its deployments' accounts are told."""
    rows = Price.objects.select_related("account")
    if request.auth.deployments is not None:
        accounts = visible(request.auth).values("account")
        rows = rows.filter(Q(account__isnull=True) | Q(account__in=accounts))
    return {"items": prices.listed(rows, timezone.now()), "next": None}


class ActionsAsked(Schema):
    """Narrows the record; what is left out narrows nothing."""

    deployment: str | None = None
    actor: str | None = Field(default=None, description="The name that they had then.")
    verb: str | None = Field(default=None, description="What was done: start, sleep, configure, price, ...")
    via: Via | None = Field(default=None, description="By which way it came in.")
    key_id: int | None = Field(default=None, description="The key it came by.")
    since: Instant | None = None
    until: Instant | None = Field(default=None, description="Excluded.")


@router.get("/actions", response=Page[ActionOut], summary="What was done, newest first")
@needs(Scope.READ)
def get_actions(
    request: ApiRequest, asked: Query[ActionsAsked], cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """Of everything the caller may see, or of one deployment; of an archived one too. Failed sign-ins are
    told to callers with the scope admin, and to everybody those under their own name."""
    slug = asked.deployment
    if slug is not None and (not request.auth.may(Scope.READ, slug) or not _known(slug)):
        raise not_found(f"The deployment {slug[:60]}")
    only = ActionFilter(
        deployment=slug or "", who=asked.actor or "", verb=asked.verb or "", via=asked.via or "",
        key_id=asked.key_id, since=asked.since, until=asked.until,
    )  # fmt: skip
    rows = audited.rows(request.auth, only)
    if (before := position(cursor)) is not None:
        rows = rows.filter(pk__lt=before)
    return page(list(rows[: limit + 1]), limit)


def _known(slug: str) -> bool:
    return Deployment.objects.filter(slug=slug).exists()
