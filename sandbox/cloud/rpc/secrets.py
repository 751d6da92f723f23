"""Secrets: written and used, never read back."""

from __future__ import annotations

import json

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import AlreadyThereError, InvalidError, NotFoundError
from sandbox.cloud.records import Secret
from sandbox.cloud.rpc.session import USER

_NAMELESS = (pb.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP, pb.OBJECT_CREATION_TYPE_EPHEMERAL)


class SecretCalls:
    """Secrets."""

    def __init__(self, cloud: Cloud) -> None:
        """Answer from `cloud`."""
        self._cloud = cloud

    async def SecretGetOrCreate(self, request: pb.SecretGetOrCreateRequest) -> pb.SecretGetOrCreateResponse:
        """Find, create or overwrite, by what the caller allows."""
        environment = self._cloud.environment(request.environment_name).name
        if request.object_creation_type in _NAMELESS:
            secret = self._nameless(request, environment)
        else:
            secret = self._named(request, environment)
        missing = [key for key in request.required_keys if key not in secret.values]
        if missing:
            raise InvalidError(f"Secret '{secret.name}' is missing key(s): {', '.join(missing)}")
        return pb.SecretGetOrCreateResponse(secret_id=secret.id, metadata=_metadata(secret))

    async def SecretUpdate(self, request: pb.SecretUpdateRequest) -> Empty:
        """Set variables, or remove those that come without a value."""
        secret = self._secret(request.secret_id)
        for update in request.updates:
            if update.HasField("value"):
                secret.values[update.key] = update.value
            else:
                secret.values.pop(update.key, None)
        secret.updated_at = self._cloud.now()
        self._cloud.secrets.put(secret)
        return Empty()

    async def SecretDelete(self, request: pb.SecretDeleteRequest) -> Empty:
        """Forget a secret."""
        self._cloud.secrets.remove(self._secret(request.secret_id).id)
        return Empty()

    async def SecretGetInfo(self, request: pb.SecretGetInfoRequest) -> pb.SecretGetInfoResponse:
        """Name and variables, without values."""
        return pb.SecretGetInfoResponse(metadata=_metadata(self._secret(request.secret_id)))

    async def SecretList(self, request: pb.SecretListRequest) -> pb.SecretListResponse:
        """Named secrets, newest first."""
        environment = self._cloud.environment(request.environment_name).name
        before = request.pagination.created_before or float("inf")
        named = [s for s in self._cloud.secrets if s.name and s.environment == environment]
        named = sorted((s for s in named if s.created_at < before), key=lambda s: -s.created_at)
        items = [
            pb.SecretListItem(
                label=s.name, secret_id=s.id, created_at=s.created_at, environment_name=environment,
                metadata=_metadata(s),
            )
            for s in named[: request.pagination.max_objects or None]
        ]  # fmt: skip
        return pb.SecretListResponse(items=items, environment_name=environment)

    def _nameless(self, request: pb.SecretGetOrCreateRequest, environment: str) -> Secret:
        values = dict(request.env_dict)
        content = json.dumps([request.app_id, environment, values], sort_keys=True).encode()
        secret_id = identifiers.of_content("st", content)
        found = self._cloud.secrets.get(secret_id)
        return found or self._put(Secret(secret_id, "", environment, 0, 0, values))

    def _named(self, request: pb.SecretGetOrCreateRequest, environment: str) -> Secret:
        how, name = request.object_creation_type, request.deployment_name
        found = next((s for s in self._cloud.secrets if (s.name, s.environment) == (name, environment)), None)
        if found is None:
            if how == pb.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise NotFoundError(f"Secret '{name}' not found in environment '{environment}'")
            return self._put(Secret(identifiers.fresh("st"), name, environment, 0, 0, dict(request.env_dict)))
        if how == pb.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise AlreadyThereError(f"Secret '{name}' already exists in environment '{environment}'")
        if how == pb.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS:
            found.values = dict(request.env_dict)
            return self._put(found)
        return found

    def _put(self, secret: Secret) -> Secret:
        secret.updated_at = self._cloud.now()
        secret.created_at = secret.created_at or secret.updated_at
        return self._cloud.secrets.put(secret)

    def _secret(self, secret_id: str) -> Secret:
        secret = self._cloud.secrets.get(secret_id)
        if secret is None:
            raise NotFoundError(f"Secret {secret_id} not found")
        return secret


def _metadata(secret: Secret) -> pb.SecretMetadata:
    creation = pb.CreationInfo(created_at=secret.created_at, created_by=USER)
    return pb.SecretMetadata(
        name=secret.name,
        creation_info=creation,
        keys=sorted(secret.values),
        environment_name=secret.environment,
    )
