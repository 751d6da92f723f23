"""A spawned call as an input: its arguments go to a container, its result is kept for whoever asks."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.life import Life
from sandbox.cloud.records import Call, Function, packed

_STATUS = pb.GenericResult
_FAILURES = {
    "gone": (_STATUS.GENERIC_STATUS_TERMINATED, "The app was stopped."),
    "timeout": (_STATUS.GENERIC_STATUS_TIMEOUT, "Task's current input hit its timeout."),
    "lost": (_STATUS.GENERIC_STATUS_INTERNAL_FAILURE, "The container was lost too often."),
    "cancelled": (_STATUS.GENERIC_STATUS_TERMINATED, "Function call was cancelled."),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the caller sent, serialized by the SDK."""

    data: bytes
    data_format: int


class CallInput:
    """One call of a function that is no web server."""

    def __init__(self, cloud: Cloud, function: Function, arguments: Arguments) -> None:
        """Begin; it runs once a pool takes it."""
        self.id = identifiers.fresh("fc")
        self.input_id = identifiers.fresh("in")
        self.function_id = function.id
        self.attempts = 0
        self.outcome: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        self._cloud, self._app_id, self._arguments = cloud, function.app_id, arguments
        self._created_at = cloud.now()

    @property
    def unwanted(self) -> bool:
        """Never: a spawned call runs although nobody waits."""
        return False

    @property
    def done(self) -> bool:
        """Whether it has its result."""
        return self.outcome.done()

    def fail(self, reason: str) -> None:
        """End it with a failure; no error where it has ended."""
        status, text = _FAILURES[reason]
        self._settle(pb.GenericResult(status=status, exception=text), "")

    async def run(self, life: Life) -> None:
        """Have the container run it."""
        process = life.process
        if process is None:
            raise RuntimeError(f"container {life.id} has no process")
        result_path = life.folder / "result.json"
        call = {
            "args": self._arguments.data.hex(),
            "data_format": self._arguments.data_format,
            "result_path": str(result_path),
        }
        await process.give(call)
        if await process.event("ended"):
            self._settle(_result(json.loads(result_path.read_text())), life.id)
        # The process ends by itself. If that was before the result, the pool queues the input again.
        await life.wait()

    def _settle(self, result: pb.GenericResult, container_id: str) -> None:
        if self.outcome.done():
            return
        call = Call(
            id=self.id, function_id=self.function_id, app_id=self._app_id, created_at=self._created_at,
            finished_at=self._cloud.now(), result=packed(result), data_format=self._arguments.data_format,
            container_id=container_id,
        )  # fmt: skip
        self.outcome.set_result(self._cloud.ended_calls.put(call))


def _result(outcome: dict[str, str]) -> pb.GenericResult:
    if outcome["ok"]:
        return pb.GenericResult(
            status=pb.GenericResult.GENERIC_STATUS_SUCCESS, data=bytes.fromhex(outcome["data"])
        )
    return pb.GenericResult(
        status=pb.GenericResult.GENERIC_STATUS_FAILURE,
        exception=outcome["exception"],
        traceback=outcome["traceback"],
        data=bytes.fromhex(outcome["data"]),
    )
