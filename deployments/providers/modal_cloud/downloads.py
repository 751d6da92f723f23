"""The `download` function's calls, and what lies on the weights volume."""

import re
from collections.abc import Sequence
from functools import partial

from modal import exception
from modal.types import FileEntryType

from deployments.providers.base import CallOutcome, CallState, NotDeployed, WeightsFacts

from . import rpc
from .sdk import Client, api_pb2, missing, modal

DOWNLOAD = "download"
_RANK = {True: 2, None: 1, False: 0}
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<total>\d{5})\.safetensors$")


async def start(client: Client, environment: str, app_name: str) -> str:
    """Spawn one call; gives its id. Raises NotDeployed."""
    function = modal.Function.from_name(app_name, DOWNLOAD, environment_name=environment, client=client)
    try:
        call = await function.spawn.aio()
    except exception.NotFoundError as error:
        raise NotDeployed(str(error)) from None
    return str(call.object_id)


async def state(client: Client, call_id: str) -> CallState:
    """Where a call stands, at once."""
    try:
        answer = await rpc.call_outputs.aio(client, call_id)
    except exception.NotFoundError as error:
        return CallState(CallOutcome.FAILED, str(error))
    if answer.outputs:
        return _ended(answer.outputs[0].result)
    if answer.num_unfinished_inputs:
        return CallState(CallOutcome.RUNNING)
    return CallState(CallOutcome.FAILED, "Modal has forgotten the result of this call.")


async def cancel(client: Client, call_id: str) -> None:
    """End a call and its container. One that has ended is no error."""
    call = modal.FunctionCall.from_id(call_id, client=client)
    try:
        await call.cancel.aio(terminate_containers=True)
    except (exception.NotFoundError, exception.ConflictError):
        return


def _ended(result: "api_pb2.GenericResult") -> CallState:
    if result.status == api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
        return CallState(CallOutcome.DONE)
    kind = api_pb2.GenericResult.GenericStatus.Name(result.status).removeprefix("GENERIC_STATUS_")
    return CallState(CallOutcome.FAILED, result.exception or kind.replace("_", " ").lower())


async def weights(client: Client, environment: str, volume: str, model: str) -> WeightsFacts:
    """What of `model` lies in the Hugging Face cache on a volume: its best snapshot, and the bytes of its
    folder (a snapshot's own entries may be links into `blobs`).

    A file appears in a snapshot when it has arrived whole, so names are enough.
    """
    cache = modal.Volume.from_name(volume, environment_name=environment, client=client)
    try:
        entries = await cache.listdir.aio(f"hub/models--{model.replace('/', '--')}", recursive=True)
    except exception.NotFoundError:
        return WeightsFacts(whole=False)
    snapshots: dict[str, set[str]] = {}
    for entry in entries:
        revision, _, name = entry.path.partition("/snapshots/")[2].partition("/")
        if name:
            snapshots.setdefault(revision, set()).add(name)
    size = sum(entry.size for entry in entries if entry.type == FileEntryType.FILE)
    verdicts = {revision: whole(names) for revision, names in snapshots.items()}
    best = max(snapshots, key=lambda one: (_RANK[verdicts[one]], len(snapshots[one])), default=None)
    if best is None:
        return WeightsFacts(whole=False, size_bytes=size)
    return WeightsFacts(verdicts[best], len(snapshots[best]), size)


async def missing_volumes(client: Client, environment: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that do not exist. Makes none."""
    named = partial(modal.Volume.from_name, environment_name=environment, client=client)
    return await missing(names, named)


def whole(names: set[str]) -> bool | None:
    """Whether the files of one snapshot are all there, by the count that shards carry in their names."""
    if "config.json" not in names:
        return False
    shards = [found for name in names if (found := _SHARD.match(name))]
    if shards:
        totals = {(found["stem"], int(found["total"])) for found in shards}
        there = {(found["stem"], int(found["number"])) for found in shards}
        return all((stem, number) in there for stem, total in totals for number in range(1, total + 1))
    if "model.safetensors" in names:
        return True
    return False if "model.safetensors.index.json" in names else None
