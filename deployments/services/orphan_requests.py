"""Orphans as people see them, and the order to put one out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from deployments.models import Cause, Orphan, OrphanKind, Run
from deployments.planning.power import Actor, Scope

from . import audit, costs, orphan_costs, orphans
from .errors import Refused, not_allowed, not_found
from .orphan_costs import Priced

# Those that are gone, and wakes from outside, are listed for this long.
SHOWN_FOR = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class OrphanView:
    """One orphan with what it costs."""

    row: Orphan
    cost: Priced

    @property
    def state(self) -> str:
        """burning, idle (could be woken), stopping or gone."""
        if self.row.gone_at is not None:
            return "gone"
        if self.row.put_out_at is not None:
            return "stopping"
        return "burning" if self.cost.lit else "idle"

    @property
    def may_be_put_out(self) -> bool:
        """Only what a Pilotlight deployed, while it is there and nobody has ordered it yet."""
        return self.row.kind != OrphanKind.OUTSIDER and self.state in ("burning", "idle")


def open_to(actor: Actor) -> QuerySet[Orphan]:
    """All of them; for a limited key those that name one of its deployments."""
    rows = orphan_costs.with_what_prices_them(Orphan.objects.all())
    return rows if actor.deployments is None else rows.filter(deployment__slug__in=actor.deployments)


def views(rows: QuerySet[Orphan], now: datetime) -> list[OrphanView]:
    """Those that are there, and those that went in the last month, with their costs."""
    found = list(rows.filter(Q(gone_at=None) | Q(gone_at__gte=now - SHOWN_FOR)))
    books = costs.Books() if found else None
    return [
        OrphanView(row, orphan_costs.price(row, row.containers.all(), books, now))
        for row in found
        if books is not None
    ]


def burning(now: datetime) -> list[OrphanView]:
    """What a Pilotlight deployed, nothing explains, and is lit now."""
    return views(orphan_costs.lit_now(), now)


def outside_wakes(actor: Actor, now: datetime) -> list[Run]:
    """Runs of the last month that were lit from outside the panel, newest first."""
    rows = Run.objects.filter(cause=Cause.OUTSIDE, first_seen_at__gte=now - SHOWN_FOR)
    if actor.deployments is not None:
        rows = rows.filter(deployment__slug__in=actor.deployments)
    return list(rows.select_related("deployment").order_by("-first_seen_at")[:50])


def put_out(orphan_id: int, *, actor: Actor, now: datetime | None = None) -> Orphan:
    """Order one out; the next look ends it at the provider. Asking twice is one order.

    Refused where the actor is no operator, where there is none, or where it is an outsider.
    """
    now = now or timezone.now()
    row = open_to(actor).filter(pk=orphan_id).first()
    if row is None:
        raise not_found("That app")
    if not actor.may(Scope.OPERATE, row.deployment.slug if row.deployment is not None else None):
        raise not_allowed("Putting an app out needs an operator.")
    if row.kind == OrphanKind.OUTSIDER:
        raise Refused(
            "not_ours", f"{row.app_name} was not deployed by Pilotlight: end it at the provider.", status=409
        )
    with transaction.atomic():
        if orphans.order_out([row], actor.name, now):
            audit.record(
                actor, "put_out_orphan", deployment=row.deployment, target=row.app_name,
                summary=f"{actor.name} put out {row.app_name} at {row.account.name}; nothing explained it.",
            )  # fmt: skip
    row.refresh_from_db()
    return row
