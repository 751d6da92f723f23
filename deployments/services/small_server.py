"""The small preset, by which an account is tried for cents: its price, and its deployment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceMissing, Resources
from deployments.models import Account, Deployment
from deployments.planning.power import Actor
from deployments.planning.presets import PRESETS_BY_SLUG

from . import costs, releases
from .accounts import may

SLUG = "qwen3-0-6b"
MINUTES = 10


@dataclass(frozen=True, slots=True)
class SmallPrice:
    """USD of an hour, of ten minutes and of the weights' download, CPU and memory in them; None where a price
    is missing, which `missing` names."""

    hour_usd: Decimal | None
    minutes_usd: Decimal | None
    download_usd: Decimal | None
    missing: str = ""


def price(account: Account, now: datetime) -> SmallPrice:
    """What the small server costs at this account."""
    spec, book = PRESETS_BY_SLUG[SLUG].spec, costs.book(account)
    cpu_only = Resources("none", 0, costs.DOWNLOAD_CPU, costs.DOWNLOAD_MEMORY_GIB)
    length = timedelta(seconds=spec.expected_download_s)
    try:
        hour = book.whole_usd_per_hour(costs.resources(spec, account), now)
        download = interval_cost(cpu_only, book, now, now + length).total_usd
    except PriceMissing as error:
        return SmallPrice(None, None, None, str(error))
    return SmallPrice(hour, hour * MINUTES / 60, download)


def deployment_at(account: Account) -> Deployment | None:
    """The account's deployment of the small model, the oldest where there are several."""
    model = PRESETS_BY_SLUG[SLUG].spec.model
    rows = Deployment.objects.filter(account=account, archived_at__isnull=True, config__model=model)
    return rows.select_related("account", "current_release", "live_release").order_by("pk").first()


def ensure(account: Account, *, actor: Actor) -> Deployment:
    """That deployment, made off and with nothing deployed where there is none. Raises Refused."""
    may(actor)
    there = deployment_at(account)
    if there is not None:
        return there
    preset = PRESETS_BY_SLUG[SLUG]
    return releases.create_deployment(
        actor=actor, slug=_free_slug(account), name=f"{preset.spec.model.partition('/')[2]}", account=account,
        config=preset.spec.to_json(), notes=preset.words,
    )  # fmt: skip


def _free_slug(account: Account) -> str:
    """The preset's, or with the account's number behind it: slugs are unique over all accounts."""
    taken = Deployment.objects.filter(slug=SLUG).exists()
    return f"{SLUG}-{account.pk}" if taken else SLUG
