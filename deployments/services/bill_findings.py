"""What a bill that differs again and again leads to: it is told, once a month for each deployment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from deployments.ledger.reconciling import GpuDay, consistent_ratio
from deployments.ledger.window import Window
from deployments.models import Account, Deployment

from . import bill_compare, notify
from .spend import Filter

_DAYS, _ZERO = 14, Decimal(0)


def findings(now: datetime, deployment_ids: frozenset[int] | None = None) -> dict[Deployment, str]:
    """Deployments whose GPUs are billed more than 3 % beside the count on each of the last three days with
    any, in words."""
    today = now.astimezone(UTC).date()
    window = Window.of_days(today - timedelta(days=_DAYS), today - timedelta(days=1), ZoneInfo("UTC"))
    compared = bill_compare.compare(window, Filter(deployment_ids), now)
    days: dict[Deployment, list[GpuDay]] = {}
    for row in reversed(compared.rows):  # oldest first
        if row.deployment is not None and row.pair.complete:
            sides = (side.get("gpu", _ZERO) for side in (row.pair.counted, row.pair.billed))
            days.setdefault(row.deployment, []).append(GpuDay(*sides))
    ratios = {deployment: consistent_ratio(rows) for deployment, rows in days.items()}
    return {row: _words(row, ratio) for row, ratio in ratios.items() if ratio is not None}


def look(account: Account, now: datetime) -> None:
    """Tell what is found among an account's deployments. Safe to repeat."""
    ids = frozenset(account.deployments.values_list("pk", flat=True))
    for deployment, words in findings(now, ids).items():
        notify.tell(
            "bill", words, deployment=deployment, once=f"bill:{deployment.pk}:{now:%Y-%m}",
            more="Costs, Bills lays the two side by side with the likely cause.",
        )  # fmt: skip


def _words(deployment: Deployment, ratio: Decimal) -> str:
    side = "more" if ratio > 1 else "less"
    share = f"{abs(ratio - 1) * 100:.1f} %"
    return f"The GPUs of {deployment.name} are billed {share} {side} than the panel counts."
