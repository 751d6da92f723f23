"""The events of a streamed response: items that open, grow and close, numbered in sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.engine.output import CONTENT, REASONING, Job, Token
from sandbox.engine.routes.parts import Run, runs
from sandbox.engine.routes.responses_shapes import call_item, message_item, reasoning_item, text_part
from sandbox.engine.routes.state import new_id
from sandbox.engine.routes.wire import Events

_PREFIXES = {REASONING: "rs_", CONTENT: "msg_"}
_TEXT_EVENTS = {REASONING: "response.reasoning_text", CONTENT: "response.output_text"}
_CALL_EVENT = "response.function_call_arguments"


class Items:
    """The output items of one response as they are streamed."""

    def __init__(self, events: Events, job: Job) -> None:
        self.output: list[dict[str, Any]] = []
        self._events = events
        self._job = job
        self._sequence = 0
        self._open: Run | None = None
        self._id = ""
        self._text = ""

    async def write(self, step: Sequence[Token]) -> None:
        """Send one engine step."""
        for run in runs(step):
            if self._open is None or run.part != self._open.part:
                await self.close()
                await self._start(run)
            if run.text:
                self._text += run.text
                await self._grow(run.text)

    async def close(self) -> None:
        """End the open item."""
        if self._open is None:
            return
        await self._end_text()
        item = self._item(done=True)
        self.output.append(item)
        self._open = None
        place = len(self.output) - 1
        await self.send("response.output_item.done", {"item": item, "output_index": place})

    async def send(self, event: str, fields: dict[str, Any]) -> None:
        """One event with the next number."""
        await self._events.send(fields | {"sequence_number": self._sequence, "type": event}, event)
        self._sequence += 1

    async def _start(self, run: Run) -> None:
        self._open, self._text = run, ""
        self._id = new_id(_PREFIXES.get(run.channel, "fc_"))
        fields = {"item": self._item(done=False), "output_index": len(self.output)}
        await self.send("response.output_item.added", fields)
        if run.channel in _TEXT_EVENTS:
            part = self._part("")
            if run.channel == CONTENT:
                part["logprobs"] = []
            await self.send("response.content_part.added", self._place({"part": part}))

    async def _grow(self, text: str) -> None:
        run = self._open
        if run is not None and run.channel in _TEXT_EVENTS:
            fields = self._place({"delta": text}) | self._logprobs()
            await self.send(f"{_TEXT_EVENTS[run.channel]}.delta", fields)
        else:
            fields = {"delta": text, "item_id": self._id, "output_index": len(self.output)}
            await self.send(f"{_CALL_EVENT}.delta", fields)

    async def _end_text(self) -> None:
        run = self._open
        if run is not None and run.channel in _TEXT_EVENTS:
            fields = self._place({"text": self._text}) | self._logprobs()
            await self.send(f"{_TEXT_EVENTS[run.channel]}.done", fields)
            await self.send("response.content_part.done", self._place({"part": self._part(self._text)}))
        elif run is not None:
            fields = {"arguments": self._text, "item_id": self._id, "output_index": len(self.output)}
            await self.send(f"{_CALL_EVENT}.done", fields | {"name": run.name})

    def _place(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"content_index": 0, "item_id": self._id, "output_index": len(self.output)} | fields

    def _logprobs(self) -> dict[str, Any]:
        return {"logprobs": []} if self._open is not None and self._open.channel == CONTENT else {}

    def _part(self, text: str) -> dict[str, Any]:
        if self._open is not None and self._open.channel == CONTENT:
            return text_part(text)
        return {"text": text, "type": "reasoning_text"}

    def _item(self, *, done: bool) -> dict[str, Any]:
        run = self._open
        text = self._text if done else None
        if run is not None and run.channel == REASONING:
            return reasoning_item(self._id, text, "completed" if done else "in_progress")
        if run is not None and run.channel == CONTENT:
            return message_item(self._id, text)
        call = self._job.tool_ids[run.part[1]] if run else ""
        status = "completed" if done else "in_progress"
        return call_item(self._id, call, run.name if run else "", self._text, status)
