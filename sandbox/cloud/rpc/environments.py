"""Environments, and the budget of each."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers, money
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import AlreadyThereError, NotFoundError
from sandbox.cloud.records import Environment
from sandbox.cloud.rpc.session import BUILDER_VERSION


class EnvironmentCalls:
    """Environments."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud

    async def EnvironmentGetOrCreate(
        self, request: pb.EnvironmentGetOrCreateRequest
    ) -> pb.EnvironmentGetOrCreateResponse:
        """Find by name, or create where the caller allows it."""
        try:
            environment = self._cloud.environment(request.deployment_name)
        except NotFoundError:
            if request.object_creation_type == pb.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise
            environment = self._create(request.deployment_name)
        settings = pb.EnvironmentSettings(image_builder_version=BUILDER_VERSION)
        metadata = pb.EnvironmentMetadata(name=environment.name, settings=settings)
        return pb.EnvironmentGetOrCreateResponse(environment_id=environment.id, metadata=metadata)

    async def EnvironmentCreate(self, request: pb.EnvironmentCreateRequest) -> Empty:
        """A new environment."""
        if any(environment.name == request.name for environment in self._cloud.environments):
            raise AlreadyThereError(f"Environment '{request.name}' already exists")
        self._create(request.name)
        return Empty()

    async def EnvironmentDelete(self, request: pb.EnvironmentDeleteRequest) -> Empty:
        """Remove an environment."""
        self._cloud.environments.remove(self._cloud.environment(request.name).id)
        return Empty()

    async def EnvironmentList(self, _: Empty) -> pb.EnvironmentListResponse:
        """All environments, with budget and use of this month's cycle."""
        return pb.EnvironmentListResponse(items=[self._item(e) for e in self._cloud.environments])

    def _create(self, name: str) -> Environment:
        return self._cloud.environments.put(Environment(identifiers.fresh("en"), name, self._cloud.now()))

    def _item(self, environment: Environment) -> pb.EnvironmentListItem:
        used = self._used_this_month(environment)
        item = pb.EnvironmentListItem(
            name=environment.name, environment_id=environment.id, created_at=environment.created_at,
            default=environment.name == "main", current_cycle_usage=float(used),
            image_builder_version=BUILDER_VERSION,
        )  # fmt: skip
        if environment.budget_usd is not None:
            budget = Decimal(environment.budget_usd)
            item.cycle_budget_dollars = float(budget)
            item.effective_cycle_spend_limit = float(budget)
            item.spend_limit_reached = used >= budget
        return item

    def _used_this_month(self, environment: Environment) -> Decimal:
        now = self._cloud.now()
        month = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        total = Decimal(0)
        for container in self._cloud.containers:
            if self._cloud.app(container.app_id).environment == environment.name:
                total += sum(money.cost(container, month.timestamp(), now, now=now).values(), Decimal(0))
        return total
