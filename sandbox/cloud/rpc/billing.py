"""What it cost: wall seconds of containers times the public prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

from modal_proto import api_pb2 as pb

from sandbox.cloud import money
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import InvalidError, NotInPlanError
from sandbox.cloud.records import App

_HOURLY = {"h": True, "d": False}


class BillingCalls:
    """Prices, report and summary."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud

    async def WorkspaceBillingRates(
        self, _: pb.WorkspaceBillingRatesRequest
    ) -> pb.WorkspaceBillingRatesResponse:
        """Live unit prices."""
        rates = money.rates()
        formatted = "".join(f"{name} {price}\n" for name, price in rates.items())
        return pb.WorkspaceBillingRatesResponse(rates=rates, formatted=formatted)

    async def WorkspaceBillingReport(
        self, request: pb.WorkspaceBillingReportRequest
    ) -> AsyncIterator[pb.WorkspaceBillingReportItem]:
        """Cost of each app in each whole interval; the running hour or day is not in it."""
        if self._cloud.faults.strike("plan_without_billing") is not None:
            raise NotInPlanError("Billing reports are part of the Team and Enterprise plans.")
        if request.resolution not in _HOURLY:
            raise InvalidError("resolution: must be 'h' or 'd'")
        since = request.start_timestamp.ToNanoseconds() / 1e9
        until = min(request.end_timestamp.ToNanoseconds() / 1e9, self._cloud.now())
        for begin, end in money.intervals(since, until, hourly=_HOURLY[request.resolution]):
            for app in self._cloud.apps:
                costs = self._costs(app.id, begin, end)
                if costs:
                    yield self._item(app, begin, costs, list(request.tag_names))

    async def WorkspaceBillingSummary(
        self, request: pb.WorkspaceBillingSummaryRequest
    ) -> pb.WorkspaceBillingSummaryResponse:
        """The cost of one month so far."""
        begin = request.start_timestamp.ToDatetime(tzinfo=UTC)
        end = (begin.replace(day=28) + (begin.replace(day=28) - begin.replace(day=24))).replace(day=1)
        costs = self._costs("", begin.timestamp(), end.timestamp())
        total = str(sum(costs.values(), Decimal(0)))
        response = pb.WorkspaceBillingSummaryResponse(
            start_timestamp=request.start_timestamp, metered_cost=total, billed_cost=total,
            metered_cost_breakdown={name: str(value) for name, value in costs.items()},
        )  # fmt: skip
        response.end_timestamp.FromDatetime(end)
        return response

    def _costs(self, app_id: str, begin: float, end: float) -> dict[str, Decimal]:
        costs: defaultdict[str, Decimal] = defaultdict(Decimal)
        for container in self._cloud.containers:
            if app_id in ("", container.app_id):
                for name, value in money.cost(container, begin, end, now=self._cloud.now()).items():
                    costs[name] += value
        return dict(costs)

    def _item(
        self, app: App, begin: float, costs: dict[str, Decimal], wanted: list[str]
    ) -> pb.WorkspaceBillingReportItem:
        tags = app.tags if "*" in wanted else {name: v for name, v in app.tags.items() if name in wanted}
        item = pb.WorkspaceBillingReportItem(
            object_id=app.id, description=app.name, environment_name=app.environment,
            cost=str(sum(costs.values(), Decimal(0))), tags=tags,
            cost_by_resource={name: str(value) for name, value in costs.items()},
        )  # fmt: skip
        item.interval.FromDatetime(datetime.fromtimestamp(begin, UTC))
        return item
