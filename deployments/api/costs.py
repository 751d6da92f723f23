"""`GET /costs`: what was spent, by day, deployment, person, key and part."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Field, Query, Router, Schema

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import asked_window, bill_compare, spend
from deployments.services.cost_labels import Labels
from deployments.services.errors import not_found
from deployments.services.spend import Filter, Place, Spent

from .access import ApiRequest, needs
from .kinds import Usd

router = Router(tags=["costs"])
GROUPS = ("day", "deployment", "person", "key", "part")
PARTS = ("boot", "use", "idle")


class Dollars(Schema):
    """Money as the panel counted it. Boot, use and idle sum to `cost_usd`, and so do GPU, CPU and memory."""

    cost_usd: Usd
    boot_usd: Usd
    use_usd: Usd
    idle_usd: Usd
    kept_usd: Usd = Field(description="Of idle: kept warm by leases until a time.")
    gpu_usd: Usd
    cpu_usd: Usd
    memory_usd: Usd
    requests: int
    tokens_out: int


class CostItem(Schema):
    """One sum. What was not grouped by is null; with `part`, each part is an item and has only `cost_usd`."""

    day: date | None = None
    deployment: str | None = Field(None, description="Slug.")
    user_id: int | None = None
    person: str | None = None
    key_id: int | None = None
    key: str | None = None
    part: str | None = Field(None, description="boot, use or idle.")
    cost_usd: Usd
    boot_usd: Usd | None = None
    use_usd: Usd | None = None
    idle_usd: Usd | None = None
    kept_usd: Usd | None = None
    gpu_usd: Usd | None = None
    cpu_usd: Usd | None = None
    memory_usd: Usd | None = None
    requests: int | None = None
    tokens_out: int | None = None


class CostsOut(Schema):
    """What was spent from `from` to before `to`, in whole quarter hours."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    time_zone: str
    group: list[str]
    total: Dollars
    estimate: bool = Field(description="True: counted by the panel, not read from the provider's bill.")
    billed_usd: Usd | None = Field(
        description="From the provider's report, up to `billed_until`; null where it was not read."
    )
    billed_until: datetime | None = Field(description="The end of the last hour that the report has.")
    billed_hours_cost_usd: Usd | None = Field(
        description="What the panel counted for the same hours, to lay beside `billed_usd`."
    )
    live_runs: int = Field(description="Runs in it that are lit or not settled yet: their part still moves.")
    unpriced_runs: int = Field(description="Runs that no price is known for; they are missing here.")
    items: list[CostItem]
    next: str | None = None


@router.get(
    "/costs",
    response=CostsOut,
    by_alias=True,
    exclude_none=False,
    summary="What was spent",
)
@needs(Scope.READ)
def get_costs(
    request: ApiRequest,
    since: Annotated[str | None, Query(alias="from", description=asked_window.FROM)] = None,
    until: Annotated[str | None, Query(alias="to", description=asked_window.TO)] = None,
    group: Annotated[
        str | None, Query(description="A comma list of day, deployment, person, key, part.")
    ] = None,
    time_zone: Annotated[str | None, Query(description=asked_window.ZONE)] = None,
    deployment: str | None = None,
) -> Any:
    """Every grouping of the same time comes to the same total, to the micro-dollar."""
    now = timezone.now()
    window = asked_window.window(since, until, time_zone, now)
    groups = asked_window.groups(group, GROUPS)
    only = Filter(_deployments(request, deployment))
    found = spend.spent(window, [name for name in groups if name != "part"], now, only=only)
    bill = bill_compare.compare_totals(window, only, now)
    return {
        "since": window.since,
        "until": window.until,
        "time_zone": window.zone.key,
        "group": groups,
        "total": _dollars(found.total),
        "estimate": True,
        "billed_usd": bill.billed_usd if bill else None,
        "billed_until": bill.until if bill else None,
        "billed_hours_cost_usd": bill.counted_usd if bill else None,
        "live_runs": found.live,
        "unpriced_runs": found.unpriced,
        "items": list(_items(found, groups)),
        "next": None,
    }


def _deployments(request: ApiRequest, slug: str | None) -> frozenset[int] | None:
    """Which deployments the caller asks for, archived ones too. Refused 404 for one that is not theirs."""
    if slug is None:
        return spend.open_to(request.auth)
    row = Deployment.objects.filter(slug=slug).first()
    if row is None or not request.auth.may(Scope.READ, slug):
        raise not_found(f"The deployment {slug[:60]}")
    return frozenset({row.pk})


def _dollars(sums: Any) -> dict[str, Any]:
    told = {f"{name}_usd": amount for name, amount in sums.usd.items()}
    return told | {"requests": sums.requests, "tokens_out": sums.made_tokens}


def _items(found: Spent, groups: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    labels = Labels.of(found.sums)
    for place, sums in sorted(found.sums.items()):
        named = _named(place, labels, groups)
        if "part" not in groups:
            yield named | _dollars(sums)
            continue
        dollars = sums.usd
        yield from (named | {"part": part, "cost_usd": dollars[part]} for part in PARTS if dollars[part])


def _named(place: Place, labels: Labels, groups: tuple[str, ...]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    if "day" in groups:
        named["day"] = labels.day(place)
    if "deployment" in groups:
        named["deployment"] = labels.deployments[place.deployment_id].slug
    if "person" in groups:
        named |= {"user_id": place.user_id or None, "person": labels.person(place)}
    if "key" in groups:
        named |= {"key_id": place.key_id or None, "key": labels.keys.get(place.key_id)}
    return named
