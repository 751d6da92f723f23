"""Containers as the control plane shows them."""

from __future__ import annotations

from modal_proto import api_pb2 as pb

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import Container


class ContainerCalls:
    """List, look at and stop containers."""

    def __init__(self, cloud: Cloud, pools: Pools) -> None:
        """Answer from `cloud`; stop by `pools`."""
        self._cloud, self._pools = cloud, pools

    async def TaskList(self, request: pb.TaskListRequest) -> pb.TaskListResponse:
        """Containers that have not ended. `started_at` is 0 while one is pending."""
        environment = self._cloud.environment(request.environment_name).name
        tasks = [self._stats(c) for c in self._cloud.running(request.app_id)]
        here = {app.id for app in self._cloud.apps if app.environment == environment}
        return pb.TaskListResponse(tasks=[task for task in tasks if task.app_id in here])

    async def TaskGetInfo(self, request: pb.TaskGetInfoRequest) -> pb.TaskGetInfoResponse:
        """One container, also one that has ended."""
        container = self._pools.record(request.task_id)
        gpu = pb.GPUConfig(gpu_type=container.gpu_type, count=container.gpu_count)
        info = pb.TaskInfo(
            id=container.id, enqueued_at=container.enqueued_at, started_at=container.started_at,
            finished_at=container.finished_at, gpu_type=container.gpu_type, gpu_config=gpu,
            result=_result(container),
        )  # fmt: skip
        return pb.TaskGetInfoResponse(app_id=container.app_id, info=info)

    async def ContainerStop(self, request: pb.ContainerStopRequest) -> pb.ContainerStopResponse:
        """End a container; its inputs run again elsewhere, or first to their end where `graceful`."""
        self._pools.stop_container(request.task_id, graceful=request.graceful)
        return pb.ContainerStopResponse()

    def _stats(self, container: Container) -> pb.TaskStats:
        return pb.TaskStats(
            task_id=container.id, app_id=container.app_id,
            app_description=self._cloud.app(container.app_id).name,
            enqueued_at=container.enqueued_at, started_at=container.started_at,
        )  # fmt: skip


def _result(container: Container) -> pb.GenericResult | None:
    if not container.finished_at:
        return None
    if container.stopped or container.exit_code is None:
        return pb.GenericResult(status=pb.GenericResult.GENERIC_STATUS_TERMINATED)
    good = container.exit_code == 0
    status = pb.GenericResult.GENERIC_STATUS_SUCCESS if good else pb.GenericResult.GENERIC_STATUS_FAILURE
    return pb.GenericResult(status=status, exitcode=container.exit_code)
