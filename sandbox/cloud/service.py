"""The sandbox as one process: gRPC and web on loopback, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpclib.server
from aiohttp import web

from sandbox.cloud import filesystem, ports, weights
from sandbox.cloud.blocks import Blocks
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.control import PREFIX, Control
from sandbox.cloud.pools import Pools
from sandbox.cloud.rpc.apps import AppCalls
from sandbox.cloud.rpc.billing import BillingCalls
from sandbox.cloud.rpc.containers import ContainerCalls
from sandbox.cloud.rpc.environments import EnvironmentCalls
from sandbox.cloud.rpc.functions import FunctionCalls
from sandbox.cloud.rpc.images import ImageCalls
from sandbox.cloud.rpc.invocations import InvocationCalls
from sandbox.cloud.rpc.logs import LogCalls
from sandbox.cloud.rpc.mounts import MountCalls
from sandbox.cloud.rpc.secrets import SecretCalls
from sandbox.cloud.rpc.session import SessionCalls
from sandbox.cloud.rpc.volumes import VolumeCalls
from sandbox.cloud.server import ModalService
from sandbox.cloud.tempo import Tempo
from sandbox.cloud.web import LARGEST_BODY, DataPlane

HOST = "127.0.0.1"
_HEARTBEAT_S = 1.0
_GOODBYE_S = 4.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to start. Tokens are never shown."""

    directory: Path
    tempo: Tempo
    engine: str
    token: tuple[str, str] = field(repr=False)
    control_token: str = field(repr=False)
    grpc_port: int | None = None
    web_port: int | None = None
    seed_weights: bool = True
    stop_with_stdin: bool = False


async def serve(options: Options) -> None:
    """Run until SIGTERM or SIGINT; then end all containers and return within five seconds."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.stop_with_stdin:
        # Nothing is ever written there: readable means that whoever launched it is gone.
        loop.add_reader(sys.stdin.fileno(), stop.set)
    cloud = Cloud(options.directory, options.tempo)
    _prepare(cloud, options)
    pools = Pools(cloud)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(cloud.store.close)
        grpc_port, web_port = await _listen(cloud, pools, options, stack)
        for app in cloud.apps:
            if app.deployed:
                pools.published(app)
        _announce(options.directory, grpc_port, web_port)
        beating = asyncio.create_task(_beat(cloud))
        await stop.wait()
        beating.cancel()
        await _end_containers(pools)
        cloud.beat()


def _prepare(cloud: Cloud, options: Options) -> None:
    filesystem.clear(cloud.directory / "containers")
    for name in ("blobs", "volumes", "containers"):
        (cloud.directory / name).mkdir(exist_ok=True)
    filesystem.prepare_library(cloud.directory)
    filesystem.prepare_commands(cloud.directory, options.engine)
    cloud.recover()
    if cloud.store.note("seeded") is None:
        if options.seed_weights:
            weights.seed(cloud)
        cloud.store.set_note("seeded", "yes")


async def _listen(
    cloud: Cloud, pools: Pools, options: Options, stack: contextlib.AsyncExitStack
) -> tuple[int, int]:
    """Open both servers on loopback, closed by `stack`. Gives the ports."""
    grpc_port = ports.choose(options.grpc_port, cloud.store.note("grpc_port"))
    web_port = ports.choose(options.web_port, cloud.store.note("web_port"))
    cloud.grpc_url, cloud.web_url = f"http://{HOST}:{grpc_port}", f"http://{HOST}:{web_port}"
    _move_urls(cloud)
    blocks = Blocks()
    groups = _groups(cloud, pools, blocks, options.token[0])
    server = grpclib.server.Server([ModalService(cloud, options.token, groups)])
    await server.start(HOST, grpc_port)
    stack.callback(server.close)
    plane = DataPlane(cloud, pools)
    stack.push_async_callback(plane.close)
    application = web.Application(client_max_size=LARGEST_BODY)
    control = Control(cloud, pools, options.control_token)
    application.add_routes([*control.routes(), *blocks.routes(), *plane.routes()])
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.2, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, HOST, web_port).start()
    cloud.store.set_note("grpc_port", str(grpc_port))
    cloud.store.set_note("web_port", str(web_port))
    return grpc_port, web_port


def _groups(cloud: Cloud, pools: Pools, blocks: Blocks, token_id: str) -> list[object]:
    return [
        SessionCalls(cloud, token_id), EnvironmentCalls(cloud), AppCalls(cloud, pools),
        FunctionCalls(cloud, pools), ImageCalls(cloud), MountCalls(cloud), SecretCalls(cloud),
        VolumeCalls(cloud, blocks), ContainerCalls(cloud, pools), LogCalls(cloud), BillingCalls(cloud),
        InvocationCalls(cloud, pools),
    ]  # fmt: skip


def _move_urls(cloud: Cloud) -> None:
    """Where the port had to change, so do the URLs that functions show."""
    for function in cloud.functions:
        if function.label:
            function.url = f"{cloud.web_url}/{function.label}"
            cloud.functions.put(function)


async def _beat(cloud: Cloud) -> None:
    while True:
        cloud.beat()
        await asyncio.sleep(_HEARTBEAT_S)


async def _end_containers(pools: Pools) -> None:
    try:
        await asyncio.wait_for(pools.close(), _GOODBYE_S)
    except TimeoutError:
        pools.kill()


def _announce(directory: Path, grpc_port: int, web_port: int) -> None:
    """Write endpoint.json in one step, then say so on standard output."""
    grpc_url, web_url = f"http://{HOST}:{grpc_port}", f"http://{HOST}:{web_port}"
    endpoint: dict[str, Any] = {
        "grpc_url": grpc_url,
        "web_url": web_url,
        "control_url": web_url + PREFIX,
        "pid": os.getpid(),
    }
    draft = directory / f"endpoint.json.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(endpoint, file)
    os.replace(draft, directory / "endpoint.json")
    print(f"sandbox ready grpc={grpc_url} web={web_url}", flush=True)
