"""All of them in one."""

from ninja import Router

from . import (
    budgets,
    compare,
    costs,
    deployments,
    downloads,
    leases,
    logs,
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
    compare,
    budgets,
)
for _part in _PARTS:
    router.add_router("", _part.router)
