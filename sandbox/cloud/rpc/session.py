"""Who calls: the hello, the workspace, and the tokens that pass a URL's proxy."""

from __future__ import annotations

import secrets

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import WORKSPACE, Cloud
from sandbox.cloud.errors import NotFoundError
from sandbox.cloud.records import ProxyToken

USER = "sandbox"
BUILDER_VERSION = "2025.06"


class SessionCalls:
    """Hello, workspace and proxy tokens."""

    def __init__(self, cloud: Cloud, token_id: str) -> None:
        """Answer from `cloud`; `token_id` names the one API token there is."""
        self._cloud, self._token_id = cloud, token_id

    async def ClientHello(self, _: Empty) -> pb.ClientHelloResponse:
        """The token was good."""
        return pb.ClientHelloResponse()

    async def AuthTokenGet(self, _: pb.AuthTokenGetRequest) -> pb.AuthTokenGetResponse:
        """A token without a signature that never runs out: the sandbox has no input plane."""
        return pb.AuthTokenGetResponse(token="x.eyJleHAiOjk5OTk5OTk5OTl9.x")  # noqa: S106

    async def WorkspaceNameLookup(self, _: Empty) -> pb.WorkspaceNameLookupResponse:
        """Workspace and user."""
        return pb.WorkspaceNameLookupResponse(workspace_name=WORKSPACE, username=USER)

    async def WorkspaceSettings(self, _: Empty) -> pb.WorkspaceSettingsResponse:
        """What new objects get."""
        return pb.WorkspaceSettingsResponse(
            default_environment_name="main", image_builder_version=BUILDER_VERSION
        )

    async def TokenInfoGet(self, _: pb.TokenInfoGetRequest) -> pb.TokenInfoGetResponse:
        """Whose token it is."""
        return pb.TokenInfoGetResponse(token_id=self._token_id, workspace_name=WORKSPACE, token_name=USER)

    async def TokensList(self, _: Empty) -> pb.TokensListResponse:
        """The one API token."""
        token = pb.TokensListResponse.Token(token_id=self._token_id, member_displayname=USER, name=USER)
        return pb.TokensListResponse(tokens=[token])

    async def WebhookTokenCreate(self, request: pb.WebhookTokenCreateRequest) -> pb.TokenCreateResponse:
        """A new pair of `Modal-Key` and `Modal-Secret`."""
        token = ProxyToken(
            identifiers.fresh("wk"), "ws-" + secrets.token_urlsafe(24), request.name, self._cloud.now()
        )
        self._cloud.proxy_tokens.put(token)
        return pb.TokenCreateResponse(token_id=token.id, token_secret=token.secret)

    async def WebhookTokenList(self, _: Empty) -> pb.WebhookTokenListResponse:
        """All tokens, without their secrets."""
        return pb.WebhookTokenListResponse(tokens=[_shown(token) for token in self._cloud.proxy_tokens])

    async def WebhookTokenListForEnvironment(
        self, request: pb.WebhookTokenListForEnvironmentRequest
    ) -> pb.WebhookTokenListResponse:
        """Tokens that hold in that environment."""
        name = self._cloud.environment(request.environment_name).name
        held = [t for t in self._cloud.proxy_tokens if not t.environments or name in t.environments]
        return pb.WebhookTokenListResponse(tokens=[_shown(token) for token in held])

    async def WebhookTokenUpdate(self, request: pb.WebhookTokenUpdateRequest) -> pb.WebhookToken:
        """Rename."""
        token = self._token(request.token_id)
        token.name = request.name
        return _shown(self._cloud.proxy_tokens.put(token))

    async def WebhookTokenEnvironmentAdd(self, request: pb.WebhookTokenEnvironmentAddRequest) -> Empty:
        """Let the token hold in that environment; from then on only in those named."""
        token = self._token(request.token_id)
        name = self._environment_name(request.environment_id)
        token.environments = sorted({*token.environments, name})
        self._cloud.proxy_tokens.put(token)
        return Empty()

    async def WebhookTokenEnvironmentRemove(self, request: pb.WebhookTokenEnvironmentRemoveRequest) -> Empty:
        """The token no longer holds there; with no environment left it is gone."""
        token = self._token(request.token_id)
        name = self._environment_name(request.environment_id)
        held = token.environments or [e.name for e in self._cloud.environments]
        token.environments = [other for other in held if other != name]
        if token.environments:
            self._cloud.proxy_tokens.put(token)
        else:
            self._cloud.proxy_tokens.remove(token.id)
        return Empty()

    async def WebhookTokenDelete(self, request: pb.TokenDeleteRequest) -> Empty:
        """The token is gone."""
        self._cloud.proxy_tokens.remove(self._token(request.token_id).id)
        return Empty()

    def _token(self, token_id: str) -> ProxyToken:
        token = self._cloud.proxy_tokens.get(token_id)
        if token is None:
            raise NotFoundError(f"Proxy token {token_id} not found")
        return token

    def _environment_name(self, environment_id: str) -> str:
        found = self._cloud.environments.get(environment_id)
        if found is None:
            raise NotFoundError(f"Environment {environment_id} not found")
        return found.name


def _shown(token: ProxyToken) -> pb.WebhookToken:
    return pb.WebhookToken(
        token_id=token.id,
        created_at=token.created_at,
        name=token.name,
        scoped=bool(token.environments),
        created_by=pb.UserIdentity(username=USER),
    )
