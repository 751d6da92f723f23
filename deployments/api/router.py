"""All of them in one."""

from ninja import Router

from . import (
    accounts,
    budgets,
    compare,
    configuration,
    costs,
    deployments,
    downloads,
    leases,
    logs,
    memory,
    metrics,
    notifications,
    orphans,
    preflight,
    quote,
    records,
    releases,
    runs,
    schedules,
    starts,
    status,
    stopping,
    timeline,
)

router = Router()
_PARTS = (
    deployments,
    configuration,
    status,
    quote,
    preflight,
    leases,
    stopping,
    downloads,
    releases,
    runs,
    timeline,
    starts,
    logs,
    metrics,
    accounts,
    records,
    costs,
    compare,
    memory,
    budgets,
    notifications,
    schedules,
    orphans,
)
for _part in _PARTS:
    router.add_router("", _part.router)
