"""Deployed apps: finding them, their backlog, their log, and ending them."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from modal import exception

from deployments.providers.base import AppFacts, ListedApp, LogEntry, NotDeployed, Stats

from . import rpc
from .sdk import Client, api_pb2, modal

SERVE = "serve"
_RELEASE_TAG = "pilotlight-release"
_SLUG_TAG = "pilotlight-slug"
_OURS = ("managed-by", "pilotlight")
# Apps that have ended, or are about to.
_OVER = frozenset({api_pb2.APP_STATE_STOPPING, api_pb2.APP_STATE_STOPPED, api_pb2.APP_STATE_DISABLED})
# Whose app it is does not change while it lives; the apps of others are asked anew.
_REMEMBERED = 256
_known: "OrderedDict[str, ListedApp]" = OrderedDict()
_AT_ONCE = 8


async def find(client: Client, environment: str, name: str) -> AppFacts | None:
    """The deployed app, or None."""
    try:
        app = await modal.App.lookup.aio(name, client=client, environment_name=environment)
        tags = await app.get_tags.aio(client=client)
        info = await app.info.aio()
        url = await _serve(client, environment, name).get_web_url.aio()
    except exception.NotFoundError:
        return None
    return AppFacts(
        app_id=info.app_id,
        name=name,
        endpoint_url=url or "",
        deployed_at=info.lifecycle.deployed_at,
        release=_number(tags.get(_RELEASE_TAG, "")),
    )


async def listing(client: Client, environment: str) -> list[ListedApp]:
    """Every app that has not ended. One call, and one more for each that is not known as a panel's."""
    found = [item for item in (await rpc.app_list.aio(client, environment)).apps if item.state not in _OVER]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def asked(item: Any) -> ListedApp:
        async with gate:
            return await _listed(client, item)

    return list(await asyncio.gather(*(asked(item) for item in found)))


async def _listed(client: Client, item: Any) -> ListedApp:
    name = item.name or item.description
    if item.app_id in _known:
        return _known[item.app_id]
    try:
        tags = await rpc.app_tags.aio(client, item.app_id)
    except exception.NotFoundError:
        tags = {}  # it has ended since
    app = ListedApp(item.app_id, name, tags.get(_OURS[0]) == _OURS[1], tags.get(_SLUG_TAG, ""))
    if app.by_pilotlight:
        _known[item.app_id] = app
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return app


async def stats(client: Client, environment: str, name: str) -> Stats:
    """Raises NotDeployed where there is no such app or function."""
    try:
        found = await _serve(client, environment, name).get_current_stats.aio()
    except exception.NotFoundError as error:
        raise NotDeployed(str(error)) from None
    return Stats(backlog=found.backlog, running_inputs=found.num_running_inputs)


async def logs(client: Client, app_id: str, since: datetime, until: datetime) -> list[LogEntry]:
    """Lines between two instants. Modal keeps them for 35 days and gives at most 20,000 of one interval."""
    try:
        batches = await rpc.app_logs.aio(client, app_id, since, until)
    except exception.NotFoundError as error:
        raise NotDeployed(str(error)) from None
    entries = (entry for container_id, item in _once(batches) for entry in _entries(container_id, item))
    return sorted(entries, key=lambda entry: entry.at)


def _once(batches: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Every item with its container, as often as the fullest batch holds it.

    A traceback writes the same words twice in one breath, and both lines stay; a batch that is delivered
    twice, or an instant that two intervals share, adds nothing. Items have no id of their own.
    """
    most: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        held: Counter[tuple[Any, ...]] = Counter()
        for item in batch.items:
            container_id = item.container_id or batch.task_id
            said = (container_id, item.timestamp_ns or item.timestamp, item.file_descriptor, item.data)
            held[said] += 1
            if held[said] > most[said]:
                most[said] = held[said]
                yield container_id, item


def _entries(container_id: str, item: Any) -> Iterator[LogEntry]:
    at = datetime.fromtimestamp(item.timestamp_ns / 1e9 or item.timestamp, UTC)
    by_provider = item.file_descriptor == api_pb2.FILE_DESCRIPTOR_INFO
    for line in item.data.split("\n"):
        if line.strip():
            yield LogEntry(at, line.strip("\r"), container_id, by_provider)


async def stop(client: Client, environment: str, name: str) -> None:
    """End the app. One that is gone is no error."""
    try:
        app = await modal.App.lookup.aio(name, client=client, environment_name=environment)
        await app.stop.aio(client=client)
    except exception.NotFoundError:
        return


async def end(client: Client, app_id: str) -> None:
    """End an app by its id. One that is gone is no error."""
    try:
        await rpc.app_stop.aio(client, app_id)
    except exception.NotFoundError:
        return


def _serve(client: Client, environment: str, name: str) -> "modal.Function[..., object, object]":
    return modal.Function.from_name(name, SERVE, environment_name=environment, client=client)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
