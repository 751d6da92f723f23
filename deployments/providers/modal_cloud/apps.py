"""Deployed apps: finding them, their backlog, their log, and ending them."""

import asyncio
from collections import OrderedDict
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
    entries: list[LogEntry] = []
    try:
        found = await rpc.app_logs.aio(client, app_id, since, until)
    except exception.NotFoundError as error:
        raise NotDeployed(str(error)) from None
    for container_id, item in found:
        seconds = item.timestamp_ns / 1e9 or item.timestamp
        at = datetime.fromtimestamp(seconds, UTC)
        entries += [
            LogEntry(at, line.strip("\r"), container_id) for line in item.data.split("\n") if line.strip()
        ]
    return sorted(entries, key=lambda entry: entry.at)


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
