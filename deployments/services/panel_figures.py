"""Figures of the whole panel for a machine that watches it: a bounded number of queries, no provider call."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from deployments.ledger.window import Window
from deployments.models import Budget, BudgetScope, Cause, Deployment, EndReason, InFlight, Run
from deployments.planning.power import SYSTEM

from . import budgets, spend, status
from .budgets import BudgetView
from .loading import IN_FLIGHT_STALE
from .status import Burning
from .views import StatusView

# How a start ends that did not get ready, or a server that died.
FAILED_ENDS = (EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """By slug where they are of deployments. `failed` counts starts and servers that failed in 24 hours."""

    statuses: list[StatusView]
    burning: Burning
    containers: dict[str, int]
    in_flight: dict[str, int]
    held: dict[str, int]
    failed: dict[str, int]
    today_usd: Decimal
    month_usd: Decimal
    budgets: list[BudgetView]


def figures(now: datetime) -> Figures:
    """Count them. Days and months are those of UTC; budgets as the last round counted them."""
    today = now.astimezone(UTC).date()
    of_servers = Budget.objects.filter(scope__in=[BudgetScope.PANEL, BudgetScope.DEPLOYMENT])
    flying = InFlight.objects.filter(updated_at__gt=now - IN_FLIGHT_STALE).values("deployment__slug")
    found = list(flying.annotate(asked=Sum("count"), held=Sum("waiting")))
    zone = ZoneInfo("UTC")
    return Figures(
        statuses=status.statuses(actor=SYSTEM, now=now),
        burning=status.burning(now),
        containers=_containers(),
        in_flight={row["deployment__slug"]: row["asked"] for row in found},
        held={row["deployment__slug"]: row["held"] for row in found},
        failed=_failed(now),
        today_usd=_spent(Window.of_days(today, today, zone), now),
        month_usd=_spent(Window.of_days(today.replace(day=1), today, zone), now),
        budgets=budgets.views(of_servers, now, fresh=False),
    )


def _containers() -> dict[str, int]:
    rows = Run.objects.filter(ended_at__isnull=True, started_at__isnull=False).exclude(cause=Cause.DOWNLOAD)
    return dict(Counter(rows.values_list("deployment__slug", flat=True)))


def _failed(now: datetime) -> dict[str, int]:
    rows = Run.objects.filter(
        deployment__in=Deployment.objects.filter(archived_at__isnull=True),
        ended_at__gte=now - _DAY,
        end_reason__in=FAILED_ENDS,
    )
    return dict(rows.values_list("deployment__slug").annotate(number=Count("pk")).order_by())


def _spent(window: Window, now: datetime) -> Decimal:
    return spend.spent(window, (), now).total.usd["cost"]
