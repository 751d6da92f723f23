"""`GET /orphans`, and putting one out."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Router, Schema, Status

from deployments.models import Orphan
from deployments.planning.power import Scope
from deployments.services import orphan_requests
from deployments.services.orphan_requests import OrphanView

from .access import ApiRequest, needs
from .kinds import Page, Usd

router = Router(tags=["costs"])


class OrphanOut(Schema):
    """An app at the provider that no deployment explains."""

    id: int
    account: str
    app_id: str
    app_name: str
    kind: str = Field(
        description="ours (of this panel), panel (of another Pilotlight), outsider (not ours; never touched)."
    )
    state: str = Field(description="burning, idle (can be woken), stopping or gone.")
    deployment: str | None = Field(description="The slug that it names, of an archived one too.")
    containers: int
    price_usd_per_hour: Usd
    cost_so_far_usd: Usd
    unknown: str = Field(description="What is not in the cost, in words; empty where nothing is missing.")
    first_seen_at: datetime
    last_seen_at: datetime
    put_out_at: datetime | None
    put_out_by: str
    gone_at: datetime | None


@router.get("/orphans", response=Page[OrphanOut], summary="What burns and no deployment explains")
@needs(Scope.READ)
def get_orphans(request: ApiRequest) -> Any:
    """Those that are there, and those that went in the last month. For a limited key those that name one of
    its deployments."""
    found = orphan_requests.views(orphan_requests.open_to(request.auth), timezone.now())
    return {"items": [_told(view) for view in found], "next": None}


@router.post("/orphans/{int:orphan_id}/put-out", response={202: OrphanOut}, summary="Put one out")
@needs(Scope.OPERATE)
def post_put_out(request: ApiRequest, orphan_id: int) -> Status[Any]:
    """The app is ended at the provider by the next look. 409 `not_ours` for what others deployed."""
    row = orphan_requests.put_out(orphan_id, actor=request.auth)
    (view,) = orphan_requests.views(Orphan.objects.filter(pk=row.pk), timezone.now())
    return Status(202, _told(view))


def _told(view: OrphanView) -> dict[str, Any]:
    row, cost = view.row, view.cost
    own = ("id", "app_id", "app_name", "kind", "first_seen_at", "last_seen_at", "put_out_at", "put_out_by")
    return {
        **{name: getattr(row, name) for name in (*own, "gone_at")},
        "account": row.account.name,
        "state": view.state,
        "deployment": row.deployment.slug if row.deployment is not None else None,
        "containers": cost.lit,
        "price_usd_per_hour": cost.usd_per_hour,
        "cost_so_far_usd": cost.usd,
        "unknown": cost.unknown,
    }
