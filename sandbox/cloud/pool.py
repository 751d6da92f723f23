"""The containers of one function: when to start one, which takes which input, when one goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import deque

from sandbox.cloud import definition, identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.inputs import Input
from sandbox.cloud.life import Life
from sandbox.cloud.records import Container

# An input whose container was lost this often is given up (Modal's SDK: MAX_INTERNAL_FAILURE_COUNT).
_MOST_ATTEMPTS = 8
# A pool with nothing due looks again after this long; every event wakes it at once.
_LONGEST_NAP_S = 5.0


log = logging.getLogger(__name__)


class Pool:
    """Queue and containers of one function."""

    def __init__(self, cloud: Cloud, function_id: str) -> None:
        """Begin with no container."""
        self.cloud = cloud
        self.function_id = function_id
        self.queue: deque[Input] = deque()
        self.lives: dict[str, Life] = {}
        self._crashes = 0
        self._not_before = 0.0
        self._woken = asyncio.Event()
        self._runs: dict[Input, asyncio.Task[None]] = {}
        self._task = asyncio.create_task(self._watch())

    # What others ask

    @property
    def running_inputs(self) -> int:
        """Inputs that are in a container now."""
        return sum(len(life.inputs) for life in self.lives.values())

    def submit(self, new: Input) -> None:
        """Queue an input; a container is woken for it."""
        self.queue.append(new)
        self.wake()

    def wake(self) -> None:
        """Something has changed: decide again."""
        self._woken.set()

    def retire_old(self, *, everything: bool = False) -> None:
        """A new version is live: containers of others take no more inputs and go when they are idle."""
        live = self.cloud.function(self.function_id).live_definition
        for life in self.lives.values():
            life.retiring = life.retiring or everything or life.record.definition_id != live
        self.wake()

    def stop_container(self, container_id: str, *, graceful: bool) -> None:
        """End a container; what runs on it is queued again, or finished first where `graceful`."""
        life = self.lives.get(container_id)
        if life is None:
            return
        if graceful and life.inputs:
            life.retiring = True
        else:
            life.stop()
            self._requeue(life)
        self.wake()

    def cancel(self, unwanted: Input) -> None:
        """Stop working on an input; its container ends where it worked for that input alone."""
        run = self._runs.get(unwanted)
        if run is not None:
            run.cancel()
        self.wake()

    async def shut(self) -> None:
        """The app was stopped: everything ends, and what waited is told so."""
        for waiting in [*self.queue, *self._runs]:
            waiting.fail("gone")
        self.queue.clear()
        for life in list(self.lives.values()):
            life.stop()

    async def close(self) -> None:
        """Shut, and wait until all containers are gone."""
        lives = list(self.lives.values())
        await self.shut()
        await asyncio.gather(*(life.wait() for life in lives))
        self._task.cancel()

    # Deciding

    async def _watch(self) -> None:
        while True:
            self._woken.clear()
            try:
                self._decide()
            except Exception:
                log.exception("pool of %s could not decide", self.function_id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._nap_s())

    def _decide(self) -> None:
        self.queue = deque(waiting for waiting in self.queue if not (waiting.unwanted or waiting.done))
        function = self.cloud.function(self.function_id)
        if not (function.live_definition and self.cloud.app(function.app_id).deployed):
            return
        self._assign()
        self._start_needed()
        self._stop_idle()

    def _assign(self) -> None:
        for life in self.lives.values():
            room = definition.max_inputs(life.proto) - len(life.inputs)
            usable = life.ready and not (life.retiring or life.asked_to_stop or life.ended)
            while usable and self.queue and room > 0:
                room -= 1
                self._run(self.queue.popleft(), life)

    def _run(self, taken: Input, life: Life) -> None:
        life.inputs.add(taken)
        taken.attempts += 1
        self._runs[taken] = asyncio.create_task(self._carry(taken, life))

    async def _carry(self, taken: Input, life: Life) -> None:
        limit_s = self.cloud.tempo.wall_s(definition.timeout_s(life.proto))
        try:
            async with asyncio.timeout(limit_s):
                await taken.run(life)
        except TimeoutError:
            taken.fail("timeout")
        finally:
            if self._runs.get(taken) is asyncio.current_task():
                del self._runs[taken]
            life.inputs.discard(taken)
            life.idle_since = self.cloud.now()
            if not definition.is_web(life.proto):
                life.stop()
            self.wake()

    def _start_needed(self) -> None:
        function = self.cloud.function(self.function_id)
        proto = self.cloud.definition(function.live_definition).proto()
        scaling = definition.scaling(proto, function)
        booting = sum(not life.ready and not life.asked_to_stop for life in self.lives.values())
        wanted = math.ceil(len(self.queue) / definition.max_inputs(proto)) - booting
        wanted = max(wanted, scaling.min_containers - self._staying())
        room = (scaling.max_containers or math.inf) - len(self.lives)
        if self.cloud.now() < self._not_before:
            return
        for _ in range(int(min(wanted, room))):
            self._start(function.live_definition)

    def _staying(self) -> int:
        return sum(not (life.retiring or life.asked_to_stop) for life in self.lives.values())

    def _start(self, definition_id: str) -> None:
        function = self.cloud.function(self.function_id)
        proto = self.cloud.definition(definition_id).proto()
        hardware = definition.hardware(proto)
        record = Container(
            id=identifiers.fresh("ta"), app_id=function.app_id, function_id=function.id,
            definition_id=definition_id, enqueued_at=self.cloud.now(),
            gpu_type=hardware.gpu_type, gpu_count=hardware.gpu_count,
            cpu_cores=str(hardware.cpu_cores), memory_gib=str(hardware.memory_gib),
        )  # fmt: skip
        self.cloud.containers.put(record)
        life = Life(self.cloud, record, proto, self._changed)
        self.lives[life.id] = life
        life.begin()

    def _stop_idle(self) -> None:
        for life in list(self.lives.values()):
            if not life.ready or life.inputs or life.asked_to_stop:
                continue
            if life.retiring or (not self.queue and self._idle_left_s(life) <= 0 and self._spare()):
                life.stop()

    def _spare(self) -> bool:
        function = self.cloud.function(self.function_id)
        if not function.live_definition:
            return True
        proto = self.cloud.definition(function.live_definition).proto()
        return self._staying() > definition.scaling(proto, function).min_containers

    def _idle_left_s(self, life: Life) -> float:
        function = self.cloud.function(self.function_id)
        window_s = definition.scaling(life.proto, function).scaledown_s
        return life.idle_since + self.cloud.tempo.wall_s(window_s) - self.cloud.now()

    def _nap_s(self) -> float:
        """Wall seconds until something is due by itself."""
        due = [_LONGEST_NAP_S]
        idle = [
            life for life in self.lives.values() if life.ready and not (life.inputs or life.asked_to_stop)
        ]
        if idle and self._spare():
            due += [self._idle_left_s(life) for life in idle]
        if self._not_before > self.cloud.now():
            due.append(self._not_before - self.cloud.now())
        return max(min(due), 0.01)

    # What containers tell

    def _changed(self, life: Life) -> None:
        if life.ended:
            self.lives.pop(life.id, None)
            self._requeue(life)
            if life.crashed:
                self._crashes += 1
                self._not_before = self.cloud.now() + self.cloud.tempo.backoff_s(self._crashes)
        elif life.ready:
            self._crashes = 0
        self.wake()

    def _requeue(self, life: Life) -> None:
        """Put what ran on a container that ends back in front of the queue."""
        for lost in list(life.inputs):
            run = self._runs.pop(lost, None)
            if run is not None:
                run.cancel()
            if lost.done or lost.unwanted:
                continue
            if lost.attempts >= _MOST_ATTEMPTS:
                lost.fail("lost")
            else:
                self.queue.appendleft(lost)
        life.inputs.clear()
