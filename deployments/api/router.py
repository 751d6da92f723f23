"""All of them in one."""

from ninja import Router

from . import costs, deployments, downloads, leases, logs, quote, records, releases, runs, status, stopping

router = Router()
for _part in (deployments, status, quote, leases, stopping, downloads, releases, runs, logs, records, costs):
    router.add_router("", _part.router)
