"""Logs: counted by time, fetched by time, followed."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable

from modal_proto import api_pb2 as pb

from sandbox.cloud.cloud import Cloud
from sandbox.cloud.logs import LogFilter, LogLine

# The most entries of one fetch (Modal's SDK: _FETCH_LIMIT).
_MOST_LINES = 20_000
_FOLLOW_POLL_S = 0.1
_SOURCES: dict[int, str] = {
    pb.FILE_DESCRIPTOR_STDOUT: "stdout_logs",
    pb.FILE_DESCRIPTOR_STDERR: "stderr_logs",
}


class LogCalls:
    """Logs of an app, a function, a container or a call."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud

    async def AppCountLogs(self, request: pb.AppCountLogsRequest) -> pb.AppCountLogsResponse:
        """How many lines there are in each bucket of time."""
        length = max(request.bucket_secs, 1)
        counted: dict[int, Counter[str]] = {}
        for line in self._find(request):
            bucket = int(line.at // length) * length
            counted.setdefault(bucket, Counter())[_SOURCES.get(line.source, "system_logs")] += 1
        response = pb.AppCountLogsResponse(app_id=request.app_id)
        for begin in sorted(counted):
            bucket_pb = response.buckets.add(**counted[begin])
            bucket_pb.bucket_start_at.FromSeconds(begin)
        return response

    async def AppFetchLogs(self, request: pb.AppFetchLogsRequest) -> pb.AppFetchLogsResponse:
        """The newest lines of a span of time, oldest first."""
        lines = self._find(request, last=min(request.limit or _MOST_LINES, _MOST_LINES))
        return pb.AppFetchLogsResponse(batches=list(self._delivered(request.app_id, lines)))

    async def AppGetLogs(self, request: pb.AppGetLogsRequest) -> AsyncIterator[pb.TaskLogsBatch]:
        """New lines as they come, until the timeout or the end of the app."""
        wanted = LogFilter(
            app_id=request.app_id, function_id=request.function_id, container_id=request.task_id,
            call_id=request.function_call_id, source=request.file_descriptor, text=request.search_text,
        )  # fmt: skip
        after = _entry_number(request.last_entry_id)
        deadline = self._cloud.now() + request.timeout
        while True:
            lines = self._visible(wanted, after_n=after)
            for batch in self._delivered(wanted.app_id, lines):
                yield batch
            after = max([after, *(line.n for line in lines)])
            if not self._cloud.app(request.app_id).deployed:
                yield pb.TaskLogsBatch(app_done=True)
                return
            if self._cloud.now() >= deadline:
                return
            await asyncio.sleep(_FOLLOW_POLL_S)

    def _find(
        self, request: pb.AppCountLogsRequest | pb.AppFetchLogsRequest, *, last: int | None = None
    ) -> list[LogLine]:
        wanted = LogFilter(
            app_id=request.app_id, since=request.since.ToNanoseconds() / 1e9,
            until=request.until.ToNanoseconds() / 1e9, function_id=request.function_id,
            container_id=request.task_id, call_id=request.function_call_id, source=request.source,
            text=request.search_text,
        )  # fmt: skip
        return self._visible(wanted, last=last)

    def _visible(self, wanted: LogFilter, *, after_n: int = 0, last: int | None = None) -> list[LogLine]:
        """What the faults let through: late lines later."""
        app = self._cloud.app(wanted.app_id).name
        lines = self._cloud.logs.find(wanted, last=last)
        late = self._cloud.faults.peek("logs_late", app=app)
        if late is not None:
            newest = self._cloud.now() - late.options["seconds"]
            lines = [line for line in lines if line.at <= newest]
        return [line for line in lines if line.n > after_n]

    def _delivered(self, app_id: str, lines: Iterable[LogLine]) -> Iterable[pb.TaskLogsBatch]:
        """The batches; every one twice where the fault says so, as a delivery that is repeated does."""
        doubled = self._cloud.faults.peek("logs_doubled", app=self._cloud.app(app_id).name) is not None
        for batch in _batches(lines):
            yield from (batch, batch) if doubled else (batch,)


def _batches(lines: Iterable[LogLine]) -> Iterable[pb.TaskLogsBatch]:
    """Lines of one container that follow each other, together."""
    for (container_id, function_id), group in itertools.groupby(
        lines, lambda x: (x.container_id, x.function_id)
    ):
        together = list(group)
        yield pb.TaskLogsBatch(
            task_id=container_id, function_id=function_id, entry_id=f"{together[-1].n}-0",
            items=[_item(line) for line in together],
        )  # fmt: skip


def _item(line: LogLine) -> pb.TaskLogs:
    return pb.TaskLogs(
        data=line.data, timestamp=line.at, timestamp_ns=int(line.at * 1e9),
        file_descriptor=line.source, function_call_id=line.call_id,  # type: ignore[arg-type]
        container_id=line.container_id,
    )  # fmt: skip


def _entry_number(entry_id: str) -> int:
    number = entry_id.partition("-")[0]
    return int(number) if number.isdigit() else 0
