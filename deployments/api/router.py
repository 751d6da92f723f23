"""All of them in one."""

from ninja import Router

from . import (
    budgets,
    costs,
    deployments,
    downloads,
    leases,
    logs,
    orphans,
    quote,
    records,
    releases,
    runs,
    status,
    stopping,
)

router = Router()
_PARTS = (
    deployments,
    status,
    quote,
    leases,
    stopping,
    downloads,
    releases,
    runs,
    logs,
    records,
    costs,
    budgets,
    orphans,
)
for _part in _PARTS:
    router.add_router("", _part.router)
