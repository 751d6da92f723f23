"""All pools, one for each function that has had work, and the containers that nobody asked for."""

from __future__ import annotations

import asyncio
import contextlib

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import NotFoundError
from sandbox.cloud.life import Life
from sandbox.cloud.pool import Pool
from sandbox.cloud.records import App, Container


class Pools:
    """Finds the pool of a function, and does what concerns several."""

    def __init__(self, cloud: Cloud) -> None:
        """Begin with none."""
        self._cloud = cloud
        self._pools: dict[str, Pool] = {}

    def of(self, function_id: str) -> Pool:
        """The pool of that function, made at its first use."""
        if function_id not in self._pools:
            self._pools[function_id] = Pool(self._cloud, function_id)
        return self._pools[function_id]

    def life(self, container_id: str) -> Life:
        """A living container. NotFoundError."""
        for pool in self._pools.values():
            if container_id in pool.lives:
                return pool.lives[container_id]
        raise NotFoundError(f"container_id: {container_id} is not running")

    def record(self, container_id: str) -> Container:
        """A container, living or ended. NotFoundError."""
        record = self._cloud.containers.get(container_id)
        if record is None:
            raise NotFoundError(f"Container {container_id} not found")
        return record

    def stop_container(self, container_id: str, *, graceful: bool) -> None:
        """End a container; one that has ended is no error. NotFoundError where there never was one."""
        record = self.record(container_id)
        if record.stranger and not record.finished_at:
            record.finished_at = self._cloud.now()
            self._cloud.containers.put(record)
        elif record.function_id in self._pools:
            self._pools[record.function_id].stop_container(container_id, graceful=graceful)

    def published(self, app: App, *, everything: bool = False) -> None:
        """A new version of `app` is live: containers of others go, or of `everything`, also of the same."""
        for function in self._cloud.functions:
            if function.app_id == app.id:
                self.of(function.id).retire_old(everything=everything)

    async def stop_app(self, app: App) -> None:
        """End everything that runs for `app`."""
        for container in self._cloud.running(app.id):
            if container.stranger:
                self.stop_container(container.id, graceful=False)
        for function in self._cloud.functions:
            if function.app_id == app.id and function.id in self._pools:
                await self._pools[function.id].shut()

    async def close(self) -> None:
        """End all containers, and wait for it."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def kill(self) -> None:
        """SIGKILL all containers now."""
        for pool in self._pools.values():
            for life in pool.lives.values():
                if life.process is not None:
                    with contextlib.suppress(ProcessLookupError):
                        life.process.kill()
