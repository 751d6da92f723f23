"""`GET /on-call`: what `/on-call/` shows."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Field, Router, Schema

from deployments.api.access import ApiRequest, needs
from deployments.public import Refused, Scope, Watch, ways_out

from .facts import Facts, facts
from .verdicts import Verdict, verdicts, worst

router = Router(tags=["on call"])


class PartOut(Schema):
    """One part of the panel."""

    id: str = Field(description="Names its runbook: /on-call/runbooks/#runbook-ID.")
    title: str
    verdict: Verdict
    value: str
    detail: str
    runbook: str
    deployment: str | None = Field(description="The server that it is about; null for a part of the panel.")


class LagOut(Schema):
    """Seconds between looks at one deployment that is lit, over the last 120 looks at most."""

    deployment: str
    p50_s: float
    p99_s: float
    worst_s: float
    age_s: float = Field(description="How old the last look is now.")
    looks: int


class QueueOut(Schema):
    """One queue of the workers."""

    name: str
    waiting: int
    oldest_s: float | None = Field(description="Null where nothing waits.")


class ErrorOut(Schema):
    """An error that was kept: the same one counts up. Without secrets."""

    source: str = Field(description="provider, task or delivery.")
    name: str
    text: str
    times: int
    first_at: datetime
    last_at: datetime


class WayOutOut(Schema):
    """How to put one server out with nothing of the panel."""

    deployment: str
    account: str
    state: str
    lit: bool
    command: str


class OnCallOut(Schema):
    """The panel itself at one moment."""

    at: datetime
    version: str
    verdict: Verdict
    checks: list[PartOut]
    observer_lags: list[LagOut]
    queues: list[QueueOut]
    errors: list[ErrorOut]
    ways_out: list[WayOutOut]


@router.get("/on-call", response=OnCallOut, summary="The panel itself: what lives, lags and failed")
@needs(Scope.OPERATE)
def get_on_call(request: ApiRequest) -> Any:
    """Heartbeats, lags, queues and the last errors, each with a verdict. A key needs `read` and
    `operate`; one that is limited to deployments gets 403: this is about the panel."""
    if request.auth.deployments is not None:
        raise Refused("not_allowed", "A key that is limited to deployments cannot read this.", status=403)
    found = facts(timezone.now())
    checks = verdicts(found)
    return {
        "at": found.at,
        "version": found.version,
        "verdict": worst(checks),
        "checks": [_check(one) for one in checks],
        "queues": [_fields(one, QueueOut) for one in found.broker.queues] if found.broker else [],
        **_watched(found, found.watch),
        "ways_out": [{**_fields(one, WayOutOut), "deployment": one.name} for one in ways_out()],
    }


def _check(check: Any) -> dict[str, Any]:
    more = {"runbook": f"/on-call/runbooks/#runbook-{check.id}", "deployment": check.deployment or None}
    return _fields(check, PartOut) | more


def _watched(found: Facts, watch: Watch | None) -> dict[str, Any]:
    if watch is None:
        return {"observer_lags": [], "errors": []}
    return {
        "observer_lags": [{**_fields(lag, LagOut), "deployment": lag.slug} for lag in watch.lags],
        "errors": [_fields(error, ErrorOut) for error in watch.errors],
    }


def _fields(row: Any, shape: type[Schema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in shape.model_fields if hasattr(row, name)}
