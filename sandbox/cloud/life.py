"""One life of a container: pending, started, ready, ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from modal_proto import api_pb2 as pb

from sandbox.cloud import definition, filesystem, ports, tempo
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.environment import container_environment
from sandbox.cloud.process import ContainerProcess, Task
from sandbox.cloud.records import Container

if TYPE_CHECKING:
    from sandbox.cloud.inputs import Input

# Python's own start-up does not get faster with the sandbox: the startup timeout runs from the import on.
_IMPORT_S = 60.0
_LONGEST_GRACE_S = 2.0
_CAPACITY_POLL_S = 0.05


class Life:
    """A container that lives. `on_change` is called when it becomes ready and when it has ended."""

    def __init__(
        self, cloud: Cloud, record: Container, proto: pb.Function, on_change: Callable[[Life], None]
    ) -> None:
        """Begin pending; nothing runs before `begin`."""
        self.cloud, self.record, self.proto = cloud, record, proto
        self.inputs: set[Input] = set()
        self.ready = False
        self.ended = False
        self.retiring = False
        self.asked_to_stop = False
        self.idle_since = 0.0
        self.port = 0
        self._port_holder: socket.socket | None = None
        self.process: ContainerProcess | None = None
        self._on_change = on_change
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.folder = cloud.directory / "containers" / record.id

    @property
    def id(self) -> str:
        """The container's id."""
        return self.record.id

    @property
    def crashed(self) -> bool:
        """Whether it ended by itself without having been ready, or with an error."""
        return self.ended and not self.asked_to_stop and (self.record.exit_code != 0 or not self.ready)

    def begin(self) -> None:
        """Start living."""
        self._task = asyncio.create_task(self._live())

    def stop(self) -> None:
        """Ask it to end; `on_change` follows. A second call is no error."""
        self.asked_to_stop = True
        self._stopping.set()

    async def wait(self) -> None:
        """Until it has ended."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        try:
            await self._until_stopped(self._boot_and_run())
        except Exception as error:
            self.say(f"Container failed: {error}\n")
        finally:
            await self._end()

    async def _until_stopped(self, work: Coroutine[None, None, None]) -> None:
        running = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.done():
            running.result()
            return
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def _boot_and_run(self) -> None:
        await self._pend()
        self.record.started_at = self.cloud.now()
        self.cloud.containers.put(self.record)
        await asyncio.sleep(self.cloud.tempo.wall_s(tempo.CONTAINER_S))
        process = self._prepare()
        await process.start()
        ended = asyncio.create_task(process.ended())
        boot = asyncio.create_task(self._become_ready(process))
        try:
            await asyncio.wait({ended, boot}, return_when=asyncio.FIRST_COMPLETED)
            if boot.done() and not boot.result():
                process.kill()
            self.record.exit_code = await ended
        finally:
            boot.cancel()
            ended.cancel()

    async def _pend(self) -> None:
        """Wait for hardware, for as long as there is none."""
        needs_gpu = bool(self.record.gpu_count)
        wait_s = tempo.HARDWARE_S if needs_gpu else tempo.CPU_HARDWARE_S
        await asyncio.sleep(self.cloud.tempo.wall_s(wait_s))
        app = self.cloud.app(self.record.app_id)
        while self.cloud.faults.peek("no_capacity", app=app.name):  # noqa: ASYNC110 - set over HTTP
            await asyncio.sleep(_CAPACITY_POLL_S)

    def _prepare(self) -> ContainerProcess:
        self._port_holder = ports.hold()
        self.port = ports.number(self._port_holder)
        app = self.cloud.app(self.record.app_id)
        mounts = [mount for mount in map(self.cloud.mounts.get, self.proto.mount_ids) if mount is not None]
        volumes = {volume.mount_path: volume.volume_id for volume in self.proto.volume_mounts}
        home = filesystem.build(self.cloud, self.folder, mounts, volumes)
        names = container_environment(
            self.cloud, app, self.record, self.proto, folder=self.folder, port=self.port
        )
        token = self.id, secrets.token_urlsafe(24)
        self.cloud.container_tokens[self.id] = token[1]
        task = Task(
            module=self.proto.module_name, function=self.proto.function_name,
            web=definition.is_web(self.proto), home=home, environment=names,
            server_url=self.cloud.grpc_url, token=token,
        )  # fmt: skip
        self.process = ContainerProcess(task, self._log)
        return self.process

    async def _become_ready(self, process: ContainerProcess) -> bool:
        """False where it did not become ready in time; otherwise this goes on until it is cancelled."""
        try:
            async with asyncio.timeout(_IMPORT_S):
                if not await process.event("imported"):
                    return await asyncio.Future()
            limit_s = definition.startup_timeout_s(self.proto)
            async with asyncio.timeout(self.cloud.tempo.wall_s(limit_s)):
                if definition.is_web(self.proto):
                    await process.listening(self.port)
        except TimeoutError:
            self.say("Container startup timed out.\n")
            return False
        self.ready = True
        self.idle_since = self.cloud.now()
        self._on_change(self)
        return await asyncio.Future()

    async def _end(self) -> None:
        if self.process is not None:
            grace_s = min(self.cloud.tempo.wall_s(tempo.STOP_GRACE_S), _LONGEST_GRACE_S)
            await self.process.stop(grace_s)
            with contextlib.suppress(RuntimeError):
                self.record.exit_code = await self.process.ended()
        if self._port_holder is not None:
            self._port_holder.close()
        self.ended = True
        self.cloud.container_tokens.pop(self.id, None)
        self.record.stopped = self.asked_to_stop
        self.record.finished_at = self.cloud.now()
        self.cloud.containers.put(self.record)
        filesystem.clear(self.folder)
        self._on_change(self)

    def _log(self, data: str) -> None:
        self._keep(data, pb.FILE_DESCRIPTOR_STDOUT)

    def say(self, data: str) -> None:
        """A line of the cloud itself in the container's log."""
        self._keep(data, pb.FILE_DESCRIPTOR_INFO)

    def _keep(self, data: str, source: int) -> None:
        call_id = next((i.id for i in self.inputs if not definition.is_web(self.proto)), "")
        self.cloud.logs.add(
            app_id=self.record.app_id, function_id=self.record.function_id, container_id=self.id,
            call_id=call_id, at=self.cloud.now(), source=source, data=data,
        )  # fmt: skip
