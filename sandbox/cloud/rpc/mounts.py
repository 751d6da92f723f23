"""Mounted files: the SDK sends each content once, by its SHA-256."""

from __future__ import annotations

import hashlib
import json

from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import InvalidError, UnimplementedError
from sandbox.cloud.filesystem import blob_path, inside
from sandbox.cloud.records import Mount


class MountCalls:
    """Mounts and the content of their files."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud

    async def MountBatchedCheckExistence(
        self, request: pb.MountBatchedCheckExistenceRequest
    ) -> pb.MountBatchedCheckExistenceResponse:
        """Which contents are not here yet."""
        missing = [h for h in request.sha256_hex_hashes if not blob_path(self._cloud.directory, h).exists()]
        return pb.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountPutFile(self, request: pb.MountPutFileRequest) -> pb.MountPutFileResponse:
        """Keep a content, or say whether it is here."""
        path = blob_path(self._cloud.directory, request.sha256_hex)
        if request.HasField("data_blob_id"):
            raise UnimplementedError("the sandbox takes no files of 4 MiB or more")
        if request.HasField("data"):
            if hashlib.sha256(request.data).hexdigest() != request.sha256_hex:
                raise InvalidError("data: does not match sha256_hex")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(request.data)
        return pb.MountPutFileResponse(exists=path.exists())

    async def MountGetOrCreate(self, request: pb.MountGetOrCreateRequest) -> pb.MountGetOrCreateResponse:
        """A mount by its files. The SDK's own package is asked for by name and needs none here."""
        files = {}
        for file in request.files:
            inside(self._cloud.directory, file.filename)
            files[file.filename] = file.sha256_hex
        content = json.dumps([request.deployment_name, files], sort_keys=True).encode()
        mount = self._cloud.mounts.put(Mount(identifiers.of_content("mo", content), files))
        checksum = hashlib.sha256(content).hexdigest()
        metadata = pb.MountHandleMetadata(content_checksum_sha256_hex=checksum)
        return pb.MountGetOrCreateResponse(mount_id=mount.id, handle_metadata=metadata)
