"""Functions: created by a deploy, looked up, measured, scaled."""

from __future__ import annotations

import base64

from modal_proto import api_pb2 as pb

from sandbox.cloud import definition, identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import NotFoundError
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import Definition, Function, packed


class FunctionCalls:
    """Functions."""

    def __init__(self, cloud: Cloud, pools: Pools) -> None:
        """Answer from `cloud` and `pools`."""
        self._cloud, self._pools = cloud, pools

    async def FunctionPrecreate(self, request: pb.FunctionPrecreateRequest) -> pb.FunctionPrecreateResponse:
        """Give a function its id and its URL before its image is built."""
        app = self._cloud.app(request.app_id)
        function = self._cloud.functions.get(
            request.existing_function_id or app.functions.get(request.function_name, "")
        )
        if function is None:
            function = Function(identifiers.fresh("fu"), app.id, request.function_name, request.function_type)
        function.schema = packed(request.function_schema)
        function.formats = [list(request.supported_input_formats), list(request.supported_output_formats)]
        if request.webhook_config.type:
            function.label = self._cloud.web_label(app, function.name)
            function.url = f"{self._cloud.web_url}/{function.label}"
        self._cloud.functions.put(function)
        return pb.FunctionPrecreateResponse(function_id=function.id, handle_metadata=handle(function))

    async def FunctionCreate(self, request: pb.FunctionCreateRequest) -> pb.FunctionCreateResponse:
        """A new version of a function; live once the app is published. Durations are kept unscaled."""
        function = self._cloud.function(request.existing_function_id)
        stored = Definition(identifiers.fresh("de"), function.id, packed(request.function))
        self._cloud.definitions.put(stored)
        function.newest_definition = stored.id
        self._cloud.functions.put(function)
        shown = pb.Function()
        shown.CopyFrom(request.function)
        shown.web_url = function.url
        return pb.FunctionCreateResponse(
            function_id=function.id, function=shown, handle_metadata=handle(function),
            function_data=_data(function, request.function),
        )  # fmt: skip

    async def FunctionGet(self, request: pb.FunctionGetRequest) -> pb.FunctionGetResponse:
        """A function of a deployed app, by name."""
        app = self._cloud.deployed_app(request.app_name, request.environment_name)
        if app is None or request.object_tag not in app.functions:
            raise NotFoundError(f"Function '{request.object_tag}' not found in app '{request.app_name}'")
        function = self._cloud.function(app.functions[request.object_tag])
        proto = self._cloud.definition(function.live_definition).proto()
        return pb.FunctionGetResponse(
            function_id=function.id, handle_metadata=handle(function), function=_data(function, proto)
        )

    async def FunctionGetCurrentStats(self, request: pb.FunctionGetCurrentStatsRequest) -> pb.FunctionStats:
        """Queue, containers that have started, inputs that run."""
        function = self._cloud.function(request.function_id)
        pool = self._pools.of(function.id)
        started = [
            c for c in self._cloud.running(function.app_id) if c.function_id == function.id and c.started_at
        ]
        return pb.FunctionStats(
            backlog=len(pool.queue), num_total_tasks=len(started), num_running_inputs=pool.running_inputs
        )

    async def FunctionGetTimeRangeStats(
        self, request: pb.FunctionGetTimeRangeStatsRequest
    ) -> pb.FunctionGetTimeRangeStatsResponse:
        """How many containers lived in a span of time."""
        since, until = request.since.ToNanoseconds() / 1e9, request.until.ToNanoseconds() / 1e9
        lived = [
            c
            for c in self._cloud.containers
            if c.function_id == request.function_id
            and c.enqueued_at < until
            and (c.finished_at or until) >= since
        ]
        return pb.FunctionGetTimeRangeStatsResponse(
            since=request.since, until=request.until, container_total_count=len(lived),
            container_started_count=sum(since <= c.started_at < until for c in lived),
            container_error_count=sum(bool(c.exit_code) for c in lived),
        )  # fmt: skip

    async def FunctionGetSchedulingParams(
        self, request: pb.FunctionGetSchedulingParamsRequest
    ) -> pb.FunctionGetSchedulingParamsResponse:
        """The autoscaler's settings, as deployed and as they hold now."""
        function, proto = self._live(request.function_id)
        configuration = pb.AutoscalerConfiguration(
            settings=definition.settings(proto, function), static_settings=proto.autoscaler_settings
        )
        return pb.FunctionGetSchedulingParamsResponse(autoscaler_configuration=configuration)

    async def FunctionUpdateSchedulingParams(
        self, request: pb.FunctionUpdateSchedulingParamsRequest
    ) -> pb.FunctionUpdateSchedulingParamsResponse:
        """Override the autoscaler until the next deploy."""
        function, proto = self._live(request.function_id)
        override = pb.AutoscalerSettings.FromString(base64.b64decode(function.override))
        override.MergeFrom(request.settings)
        function.override = packed(override)
        self._cloud.functions.put(function)
        self._pools.of(function.id).wake()
        return pb.FunctionUpdateSchedulingParamsResponse(
            current_settings=definition.settings(proto, function)
        )

    def _live(self, function_id: str) -> tuple[Function, pb.Function]:
        function = self._cloud.function(function_id)
        return function, self._cloud.definition(function.live_definition).proto()


def handle(function: Function) -> pb.FunctionHandleMetadata:
    """What the SDK keeps of a function."""
    metadata = pb.FunctionHandleMetadata(
        function_name=function.name, function_type=function.function_type,  # type: ignore[arg-type]
        web_url=function.url, definition_id=function.newest_definition, app_id=function.app_id,
        base_function_id=function.id, supported_input_formats=function.formats[0],  # type: ignore[arg-type]
        supported_output_formats=function.formats[1],  # type: ignore[arg-type]
    )  # fmt: skip
    if function.schema:
        metadata.function_schema.ParseFromString(base64.b64decode(function.schema))
    return metadata


def _data(function: Function, proto: pb.Function) -> pb.FunctionData:
    data = pb.FunctionData(
        module_name=proto.module_name, function_name=proto.function_name, web_url=function.url,
        function_type=proto.function_type, timeout_secs=proto.timeout_secs,
        startup_timeout_secs=proto.startup_timeout_secs, webhook_config=proto.webhook_config,
        autoscaler_settings=definition.settings(proto, function),
    )  # fmt: skip
    data.ranked_functions.append(pb.FunctionData.RankedFunction(rank=0, function=proto))
    return data
