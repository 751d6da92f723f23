"""Calls of functions that are no web server: spawned, asked for, cancelled."""

from __future__ import annotations

import asyncio
import base64

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud.callinput import Arguments, CallInput
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import ConflictError, InvalidError, NotFoundError, UnimplementedError
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import Call


class InvocationCalls:
    """Spawned calls. Those that have not ended are gone with a restart, as their containers are."""

    def __init__(self, cloud: Cloud, pools: Pools) -> None:
        """Run by `pools`."""
        self._cloud, self._pools = cloud, pools
        self._live: dict[str, CallInput] = {}

    async def FunctionMap(self, request: pb.FunctionMapRequest) -> pb.FunctionMapResponse:
        """Begin a call. Its one input comes along."""
        function = self._cloud.function(request.function_id)
        if not self._cloud.app(function.app_id).deployed:
            raise ConflictError("The app is not deployed")
        if len(request.pipelined_inputs) != 1:
            raise UnimplementedError("the sandbox runs calls of one input")
        item = request.pipelined_inputs[0]
        if item.input.HasField("args_blob_id"):
            raise InvalidError("args: too large for the sandbox")
        call = CallInput(self._cloud, function, Arguments(item.input.args, item.input.data_format))
        self._live = {i: live for i, live in self._live.items() if not live.done} | {call.id: call}
        self._pools.of(function.id).submit(call)
        accepted = pb.FunctionPutInputsResponseItem(
            idx=item.idx, input_id=call.input_id, input_jwt=call.input_id
        )
        return pb.FunctionMapResponse(
            function_call_id=call.id, function_call_jwt=call.id, pipelined_inputs=[accepted]
        )

    async def FunctionGetOutputs(
        self, request: pb.FunctionGetOutputsRequest
    ) -> pb.FunctionGetOutputsResponse:
        """The result, waited for as long as the caller says."""
        live = self._live.get(request.function_call_id)
        if live is not None:
            await asyncio.wait([live.outcome], timeout=max(request.timeout, 0))
        ended = self._cloud.ended_calls.get(request.function_call_id)
        if ended is not None:
            return pb.FunctionGetOutputsResponse(idxs=[0], outputs=[_output(ended)])
        return pb.FunctionGetOutputsResponse(num_unfinished_inputs=0 if live is None else 1)

    async def FunctionCallFromId(
        self, request: pb.FunctionCallFromIdRequest
    ) -> pb.FunctionCallFromIdResponse:
        """What a call belongs to."""
        call: CallInput | Call | None = self._live.get(request.function_call_id)
        call = call or self._cloud.ended_calls.get(request.function_call_id)
        if call is None:
            raise NotFoundError(f"Function call {request.function_call_id} not found")
        function = self._cloud.function(call.function_id)
        metadata = pb.FunctionCallHandleMetadata(app_id=function.app_id, function_id=function.id)
        return pb.FunctionCallFromIdResponse(function_call_id=call.id, num_inputs=1, metadata=metadata)

    async def FunctionCallCancel(self, request: pb.FunctionCallCancelRequest) -> Empty:
        """End a call; a call that has ended is no error."""
        live = self._live.get(request.function_call_id)
        if live is not None and not live.done:
            live.fail("cancelled")
            self._pools.of(live.function_id).cancel(live)
        return Empty()


def _output(call: Call) -> pb.FunctionGetOutputsItem:
    result = pb.GenericResult.FromString(base64.b64decode(call.result))
    return pb.FunctionGetOutputsItem(
        result=result, idx=0, data_format=call.data_format, task_id=call.container_id,  # type: ignore[arg-type]
        output_created_at=call.finished_at,
    )  # fmt: skip
