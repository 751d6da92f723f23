"""Calls of Modal's control plane for which modal 1.6.4 has no public Python method.

They are internal to Modal and may change with any release: all of them are here, and the contract suite runs
them with the pinned SDK. They run on the SDK's own event loop, as its command line's do.
"""

import time
from datetime import datetime
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal._logs import LogsFilters, fetch_logs
from modal._utils.async_utils import synchronizer

from .sdk import api_pb2

_ENTRY_BEFORE_ALL = "0-0"


@synchronizer.create_blocking
async def task_list(client: Any, environment: str) -> Any:
    """Every container of the environment, queued ones too (`modal container list`)."""
    return await client._stub.TaskList(api_pb2.TaskListRequest(environment_name=environment))


@synchronizer.create_blocking
async def task_info(client: Any, task_id: str) -> Any:
    """A container's times and GPUs, also after its end."""
    return (await client._stub.TaskGetInfo(api_pb2.TaskGetInfoRequest(task_id=task_id))).info


@synchronizer.create_blocking
async def container_stop(client: Any, task_id: str, graceful: bool) -> None:
    """End a container (`modal container stop`)."""
    await client._stub.ContainerStop(api_pb2.ContainerStopRequest(task_id=task_id, graceful=graceful))


@synchronizer.create_blocking
async def app_logs(client: Any, app_id: str, since: datetime, until: datetime) -> list[Any]:
    """Log entries of an app in the batches in which they are delivered.

    What the public `app.logs.fetch` does, without its look-up of the app at every call, and for apps that
    have been stopped too.
    """
    batches = fetch_logs(client, app_id, since=since, until=until, filters=LogsFilters())
    return [batch async for batch in batches]


@synchronizer.create_blocking
async def app_list(client: Any, environment: str) -> Any:
    """Every app of the environment, with its state (`modal app list`)."""
    return await client._stub.AppList(api_pb2.AppListRequest(environment_name=environment))


@synchronizer.create_blocking
async def app_tags(client: Any, app_id: str) -> dict[str, str]:
    """An app's tags, by its id: also of an app that has no name to look it up by."""
    return dict((await client._stub.AppGetTags(api_pb2.AppGetTagsRequest(app_id=app_id))).tags)


@synchronizer.create_blocking
async def app_stop(client: Any, app_id: str) -> None:
    """End an app by its id, deployed or ephemeral (`modal app stop`)."""
    source = api_pb2.APP_STOP_SOURCE_PYTHON_CLIENT
    await client._stub.AppStop(api_pb2.AppStopRequest(app_id=app_id, source=source))


@synchronizer.create_blocking
async def environment_list(client: Any) -> Any:
    """Environments with their budgets; the public list leaves the budgets out."""
    return (await client._stub.EnvironmentList(Empty())).items


@synchronizer.create_blocking
async def workspace_name(client: Any) -> str:
    """The workspace of the token."""
    answer = await client._stub.WorkspaceNameLookup(Empty())
    return str(answer.username or answer.workspace_name)


@synchronizer.create_blocking
async def call_outputs(client: Any, call_id: str) -> Any:
    """What a call has given so far, at once.

    `FunctionCall.get` would unpickle what the container sent, exceptions too; here nothing is unpickled.
    """
    return await client._stub.FunctionGetOutputs(
        api_pb2.FunctionGetOutputsRequest(
            function_call_id=call_id,
            timeout=0,
            last_entry_id=_ENTRY_BEFORE_ALL,
            clear_on_success=False,
            requested_at=time.time(),
            start_idx=0,
            end_idx=0,
        )
    )
