"""Images: kept, logged as if they were built, never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers, tempo
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.environment import image_environment
from sandbox.cloud.errors import NotFoundError
from sandbox.cloud.faults import Fault
from sandbox.cloud.records import Image
from sandbox.cloud.rpc.session import BUILDER_VERSION


class ImageCalls:
    """Image layers and their build logs."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud
        self._apps: dict[str, str] = {}

    async def ImageGetOrCreate(self, request: pb.ImageGetOrCreateRequest) -> pb.ImageGetOrCreateResponse:
        """A layer by its content; one that was built before needs no build."""
        image_id = identifiers.of_content("im", request.image.SerializeToString(deterministic=True))
        image = self._cloud.images.get(image_id)
        if image is None:
            image = self._cloud.images.put(self._image(image_id, request.image))
        if request.force_build:
            image.built = False
        self._apps[image_id] = request.app_id
        response = pb.ImageGetOrCreateResponse(image_id=image_id, metadata=_metadata())
        if image.built and not self._failing(image_id):
            response.result.status = pb.GenericResult.GENERIC_STATUS_SUCCESS
        return response

    async def ImageJoinStreaming(
        self, request: pb.ImageJoinStreamingRequest
    ) -> AsyncIterator[pb.ImageJoinStreamingResponse]:
        """The log of a build while it runs, and its result."""
        image = self._cloud.images.get(request.image_id)
        if image is None:
            raise NotFoundError(f"Image {request.image_id} not found")
        fault = self._cloud.faults.strike("build_fails", app=self._app_name(image.id))
        seen = int(request.last_entry_id or 0)
        for step, line in enumerate(image.lines, 1):
            if step > seen:
                yield _log(f"Step {step - 1}/{len(image.lines)} : {line}\n", step)
        await asyncio.sleep(self._cloud.tempo.wall_s(tempo.BUILD_STEP_S))
        if fault is not None:
            yield _failure(fault)
            return
        image.built = True
        self._cloud.images.put(image)
        yield _log(f"Built image {image.id}\n", len(image.lines) + 1)
        success = pb.GenericResult(status=pb.GenericResult.GENERIC_STATUS_SUCCESS)
        yield pb.ImageJoinStreamingResponse(result=success, metadata=_metadata(), eof=True)

    async def ImageGetByTag(self, request: pb.ImageGetByTagRequest) -> pb.ImageGetByTagResponse:
        """Named images are not kept here."""
        raise NotFoundError(f"Image '{request.tag}' not found")

    def _image(self, image_id: str, proto: pb.Image) -> Image:
        inherited: dict[str, str] = {}
        for base in proto.base_images:
            found = self._cloud.images.get(base.image_id)
            inherited |= found.environment if found else {}
        lines = list(proto.dockerfile_commands)
        return Image(image_id, lines, inherited | image_environment(lines))

    def _failing(self, image_id: str) -> bool:
        return self._cloud.faults.peek("build_fails", app=self._app_name(image_id)) is not None

    def _app_name(self, image_id: str) -> str:
        app = self._cloud.apps.get(self._apps.get(image_id, ""))
        return app.name if app else ""


def _metadata() -> pb.ImageMetadata:
    return pb.ImageMetadata(image_builder_version=BUILDER_VERSION)


def _log(data: str, entry: int) -> pb.ImageJoinStreamingResponse:
    line = pb.TaskLogs(data=data, file_descriptor=pb.FILE_DESCRIPTOR_STDOUT)
    return pb.ImageJoinStreamingResponse(task_logs=[line], entry_id=str(entry))


def _failure(fault: Fault) -> pb.ImageJoinStreamingResponse:
    text = fault.options["log"] or "error: the build was told to fail"
    response = _log(text.rstrip("\n") + "\n", 0)
    response.result.status = pb.GenericResult.GENERIC_STATUS_FAILURE
    response.result.exception = text
    return response
