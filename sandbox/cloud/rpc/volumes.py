"""Volumes: folders that outlive containers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.blocks import Blocks
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import AlreadyThereError, NotFoundError
from sandbox.cloud.filesystem import inside, volume_path
from sandbox.cloud.records import Volume
from sandbox.cloud.rpc.session import USER

_BATCH = 500


class VolumeCalls:
    """Volumes and their files."""

    def __init__(self, cloud: Cloud, blocks: Blocks) -> None:
        """Answer from `cloud`; what is read goes through `blocks`."""
        self._cloud, self._blocks = cloud, blocks

    async def VolumeGetOrCreate(self, request: pb.VolumeGetOrCreateRequest) -> pb.VolumeGetOrCreateResponse:
        """Find or create, by what the caller allows."""
        environment = self._cloud.environment(request.environment_name).name
        name, how = request.deployment_name, request.object_creation_type
        volume = find_volume(self._cloud, name, environment)
        if volume is None:
            if how == pb.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise NotFoundError(f"Volume '{name}' not found in environment '{environment}'")
            volume = create_volume(self._cloud, name, environment)
        elif how == pb.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise AlreadyThereError(f"Volume '{name}' already exists in environment '{environment}'")
        return pb.VolumeGetOrCreateResponse(
            volume_id=volume.id, version=pb.VOLUME_FS_VERSION_V2, metadata=_metadata(volume)
        )

    async def VolumeGetById(self, request: pb.VolumeGetByIdRequest) -> pb.VolumeGetByIdResponse:
        """A volume by its id."""
        volume = self._volume(request.volume_id)
        return pb.VolumeGetByIdResponse(volume_id=volume.id, metadata=_metadata(volume))

    async def VolumeList(self, request: pb.VolumeListRequest) -> pb.VolumeListResponse:
        """Named volumes, newest first."""
        environment = self._cloud.environment(request.environment_name).name
        before = request.pagination.created_before or float("inf")
        found = [v for v in self._cloud.volumes if v.environment == environment and v.created_at < before]
        found.sort(key=lambda volume: -volume.created_at)
        items = [
            pb.VolumeListItem(label=v.name, volume_id=v.id, created_at=v.created_at, metadata=_metadata(v))
            for v in found[: request.pagination.max_objects or None]
        ]
        return pb.VolumeListResponse(items=items, environment_name=environment)

    async def VolumeDelete(self, request: pb.VolumeDeleteRequest) -> Empty:
        """Remove a volume and its files."""
        volume = self._volume(request.volume_id)
        self._cloud.volumes.remove(volume.id)
        shutil.rmtree(volume_path(self._cloud.directory, volume.id), ignore_errors=True)
        return Empty()

    async def VolumeListFiles2(
        self, request: pb.VolumeListFiles2Request
    ) -> AsyncIterator[pb.VolumeListFiles2Response]:
        """The entries of a folder, or the one file that the path names."""
        entries = self._entries(request.volume_id, request.path, recursive=request.recursive)
        for begin in range(0, len(entries), _BATCH):
            yield pb.VolumeListFiles2Response(entries=entries[begin : begin + _BATCH])

    async def VolumeListFiles(
        self, request: pb.VolumeListFilesRequest
    ) -> AsyncIterator[pb.VolumeListFilesResponse]:
        """The same for a volume of the first file system."""
        entries = self._entries(request.volume_id, request.path, recursive=request.recursive)
        for begin in range(0, len(entries), _BATCH):
            yield pb.VolumeListFilesResponse(entries=entries[begin : begin + _BATCH])

    async def VolumeGetFile2(self, request: pb.VolumeGetFile2Request) -> pb.VolumeGetFile2Response:
        """The addresses of a file's blocks."""
        root = volume_path(self._cloud.directory, self._volume(request.volume_id).id)
        path = inside(root, request.path)
        if not path.is_file():
            raise NotFoundError(f"No such file: {request.path}")
        size = path.stat().st_size
        length = min(request.len or size, max(0, size - request.start))
        paths = self._blocks.offer(path, request.start, length)
        urls = [f"{self._cloud.web_url}{one}" for one in paths]
        return pb.VolumeGetFile2Response(
            get_urls=urls,
            size=size,
            start=request.start,
            len=length,
        )

    async def VolumeRemoveFile2(self, request: pb.VolumeRemoveFile2Request) -> Empty:
        """Remove a file, or a folder where `recursive`."""
        root = volume_path(self._cloud.directory, self._volume(request.volume_id).id)
        path = inside(root, request.path)
        if not path.exists():
            raise NotFoundError(f"No such file: {request.path}")
        if path.is_dir() and request.recursive:
            shutil.rmtree(path)
        else:
            path.unlink()
        return Empty()

    async def VolumeCommit(self, request: pb.VolumeCommitRequest) -> pb.VolumeCommitResponse:
        """Nothing to do: every write is seen at once."""
        self._volume(request.volume_id)
        return pb.VolumeCommitResponse(skip_reload=True)

    async def VolumeReload(self, request: pb.VolumeReloadRequest) -> Empty:
        """Nothing to do either."""
        self._volume(request.volume_id)
        return Empty()

    def _volume(self, volume_id: str) -> Volume:
        volume = self._cloud.volumes.get(volume_id)
        if volume is None:
            raise NotFoundError(f"Volume {volume_id} not found")
        return volume

    def _entries(self, volume_id: str, path: str, *, recursive: bool) -> list[pb.FileEntry]:
        root = volume_path(self._cloud.directory, self._volume(volume_id).id)
        start = inside(root, path)
        if start.is_file():
            return [_entry(root, start)]
        if not start.is_dir():
            raise NotFoundError(f"No such file or directory: {path}")
        return [_entry(root, found) for found in sorted(start.rglob("*") if recursive else start.iterdir())]


def find_volume(cloud: Cloud, name: str, environment: str) -> Volume | None:
    """The volume of that name, if any."""
    return next((v for v in cloud.volumes if (v.name, v.environment) == (name, environment)), None)


def create_volume(cloud: Cloud, name: str, environment: str) -> Volume:
    """A new empty volume."""
    volume = cloud.volumes.put(Volume(identifiers.fresh("vo"), name, environment, cloud.now()))
    volume_path(cloud.directory, volume.id).mkdir(parents=True)
    return volume


def _entry(root: Path, path: Path) -> pb.FileEntry:
    stat = path.lstat()
    kind = pb.FileEntry.DIRECTORY if path.is_dir() else pb.FileEntry.FILE
    return pb.FileEntry(
        path=str(path.relative_to(root)), type=kind, mtime=int(stat.st_mtime), size=stat.st_size
    )


def _metadata(volume: Volume) -> pb.VolumeMetadata:
    creation = pb.CreationInfo(created_at=volume.created_at, created_by=USER)
    return pb.VolumeMetadata(version=pb.VOLUME_FS_VERSION_V2, name=volume.name, creation_info=creation)
