"""Containers of an environment, alive and gone."""

import asyncio
import contextlib
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from modal import exception

from deployments.providers.base import ContainerFacts, EndedContainer

from . import rpc
from .sdk import Client

# Which GPUs a container has never changes, so it is asked once per container and process.
_REMEMBERED = 256
_gpus: "OrderedDict[str, tuple[str, int]]" = OrderedDict()


async def listing(client: Client, environment: str) -> list[ContainerFacts]:
    """Every container that exists. One call, and one more for each that was not seen before."""
    tasks = (await rpc.task_list.aio(client, environment)).tasks
    held = await asyncio.gather(*(_held(client, task.task_id) for task in tasks))
    return [
        ContainerFacts(
            container_id=task.task_id,
            app_id=task.app_id,
            app_name=task.app_description,
            enqueued_at=_instant(task.enqueued_at),
            started_at=_instant(task.started_at),
            gpu_count=gpus[1] if gpus is not None else None,
            gpu_type=gpus[0] if gpus is not None else "",
        )
        for task, gpus in zip(tasks, held, strict=True)
    ]


async def ended(client: Client, container_id: str) -> EndedContainer | None:
    """Its times, or None where Modal does not know it."""
    try:
        info = await rpc.task_info.aio(client, container_id)
    except exception.NotFoundError:
        return None
    return EndedContainer(container_id, _instant(info.started_at), _instant(info.finished_at))


async def stop(client: Client, container_id: str, *, graceful: bool) -> None:
    """End one. One that is gone is no error."""
    with contextlib.suppress(exception.NotFoundError):
        await rpc.container_stop.aio(client, container_id, graceful)


async def _held(client: Client, container_id: str) -> tuple[str, int] | None:
    """Type and number of its GPUs; None where that cannot be told yet."""
    if container_id not in _gpus:
        try:
            info: Any = await rpc.task_info.aio(client, container_id)
        except exception.Error:
            return None  # it may be gone already; the listing is worth more than this figure
        gpu = info.gpu_config
        if not (gpu.count or info.started_at):
            return None  # while it is queued, "none" may only say that none was found yet
        # "H100!" asks for exactly that type; its price is the same.
        _gpus[container_id] = (gpu.gpu_type.rstrip("!") if gpu.count else "", gpu.count)
        while len(_gpus) > _REMEMBERED:
            _gpus.popitem(last=False)
    return _gpus.get(container_id)


def _instant(seconds: float) -> datetime | None:
    """0 says that it has not happened yet."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
