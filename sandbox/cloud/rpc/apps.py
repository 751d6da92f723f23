"""Apps: created, published, listed, rolled back, stopped."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2 as pb

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import WORKSPACE, Cloud
from sandbox.cloud.definition import same_work
from sandbox.cloud.errors import InvalidError, NotFoundError, UnimplementedError
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import App, Version
from sandbox.cloud.rpc.functions import handle
from sandbox.cloud.rpc.session import USER

_DASHBOARD = "https://modal.com/apps"


class AppCalls:
    """Apps and their history."""

    def __init__(self, cloud: Cloud, pools: Pools) -> None:
        """Answer from `cloud`; containers follow by `pools`."""
        self._cloud, self._pools = cloud, pools

    # Finding

    async def AppGetByDeploymentName(
        self, request: pb.AppGetByDeploymentNameRequest
    ) -> pb.AppGetByDeploymentNameResponse:
        """The deployed app of that name, or the last one that was stopped."""
        environment = self._cloud.environment(request.environment_name).name
        app = self._cloud.deployed_app(request.name, environment)
        earlier = [
            a.id
            for a in self._cloud.apps
            if (a.name, a.environment, a.state) == (request.name, environment, pb.APP_STATE_STOPPED)
        ]
        return pb.AppGetByDeploymentNameResponse(
            app_id=app.id if app else "",
            previous_app_id="" if app or not earlier else earlier[-1],
            environment_name=environment,
            lifecycle=_lifecycle(app) if app else None,
        )

    async def AppGetOrCreate(self, request: pb.AppGetOrCreateRequest) -> pb.AppGetOrCreateResponse:
        """Find a deployed app by name, or begin a new one where the caller allows it."""
        app = self._cloud.deployed_app(request.app_name, request.environment_name)
        if app is None:
            if request.object_creation_type == pb.OBJECT_CREATION_TYPE_UNSPECIFIED:
                environment = self._cloud.environment(request.environment_name).name
                raise NotFoundError(f"App '{request.app_name}' not found in environment '{environment}'")
            app = self._create(request.app_name, request.environment_name, pb.APP_STATE_DEPLOYED)
        return pb.AppGetOrCreateResponse(app_id=app.id, handle_metadata=_handle(app))

    async def AppGetLayout(self, request: pb.AppGetLayoutRequest) -> pb.AppGetLayoutResponse:
        """The functions of an app."""
        app = self._cloud.app(request.app_id)
        layout = pb.AppLayout(function_ids=app.functions)
        for function_id in app.functions.values():
            metadata = handle(self._cloud.function(function_id))
            layout.objects.append(pb.Object(object_id=function_id, function_handle_metadata=metadata))
        return pb.AppGetLayoutResponse(app_layout=layout)

    async def AppGetInfo(self, request: pb.AppGetInfoRequest) -> pb.AppGetInfoResponse:
        """Name, environment and life so far."""
        return pb.AppGetInfoResponse(info=_handle(self._cloud.app(request.app_id)))

    async def AppGetLifecycle(self, request: pb.AppGetLifecycleRequest) -> pb.AppGetLifecycleResponse:
        """Life so far."""
        return pb.AppGetLifecycleResponse(lifecycle=_lifecycle(self._cloud.app(request.app_id)))

    async def AppGetTags(self, request: pb.AppGetTagsRequest) -> pb.AppGetTagsResponse:
        """The app's tags."""
        return pb.AppGetTagsResponse(tags=self._cloud.app(request.app_id).tags)

    async def AppSetTags(self, request: pb.AppSetTagsRequest) -> Empty:
        """Replace the app's tags."""
        app = self._cloud.app(request.app_id)
        app.tags = dict(request.tags)
        self._cloud.apps.put(app)
        return Empty()

    async def AppList(self, request: pb.AppListRequest) -> pb.AppListResponse:
        """All apps of an environment."""
        environment = self._cloud.environment(request.environment_name).name
        found = [app for app in self._cloud.apps if app.environment == environment]
        return pb.AppListResponse(apps=[self._item(app) for app in found])

    async def AppDeploymentHistory(
        self, request: pb.AppDeploymentHistoryRequest
    ) -> pb.AppDeploymentHistoryResponse:
        """All versions, newest first."""
        app = self._cloud.app(request.app_id)
        rows = [_history_row(app, version) for version in reversed(app.history)]
        return pb.AppDeploymentHistoryResponse(app_deployment_histories=rows)

    # Deploying

    async def AppCreate(self, request: pb.AppCreateRequest) -> pb.AppCreateResponse:
        """Begin an app; it is live once it is published."""
        app = self._create(request.description, request.environment_name, request.app_state)
        app.tags = dict(request.tags)
        self._cloud.apps.put(app)
        return pb.AppCreateResponse(
            app_id=app.id, app_page_url=f"{_DASHBOARD}/{WORKSPACE}/{app.environment}/{app.id}"
        )

    async def AppHeartbeat(self, request: pb.AppHeartbeatRequest) -> Empty:
        """The deploying client lives."""
        self._cloud.app(request.app_id)
        return Empty()

    async def AppClientDisconnect(self, request: pb.AppClientDisconnectRequest) -> Empty:
        """The deploy ended or failed; an app that was never published ends."""
        app = self._cloud.app(request.app_id)
        if app.state in (pb.APP_STATE_INITIALIZING, pb.APP_STATE_EPHEMERAL):
            await self._stop(app)
        return Empty()

    async def AppPublish(self, request: pb.AppPublishRequest) -> pb.AppPublishResponse:
        """Make a version live. `deployed_at` 0 says that nothing has changed."""
        if request.staged:
            raise UnimplementedError("the sandbox does not stage deployments")
        app = self._cloud.app(request.app_id)
        version = Version(
            version=len(app.history) + 1, deployed_at=self._cloud.now(), tag=request.deployment_tag,
            client_version=request.client_version or "1.6.4", functions=dict(request.function_ids),
            definitions=self._definitions(request),
        )  # fmt: skip
        if self._changes_nothing(app, version, dict(request.tags)):
            return pb.AppPublishResponse(url=_deployed_url(app), deployed_at=0)
        app.state, app.name, app.tags = pb.APP_STATE_DEPLOYED, request.name or app.name, dict(request.tags)
        self._make_live(app, version)
        return pb.AppPublishResponse(url=_deployed_url(app), deployed_at=version.deployed_at)

    async def AppRollback(self, request: pb.AppRollbackRequest) -> pb.AppRollbackResponse:
        """Make an earlier version live again, as a new entry of the history; below 1 counts from the end."""
        app = self._cloud.app(request.app_id)
        wanted = request.version if request.version > 0 else len(app.history) + min(request.version, -1)
        if not 1 <= wanted < len(app.history):
            raise InvalidError(f"Cannot roll back to version {wanted}")
        version = self._again(app, app.history[wanted - 1], rollback_of=wanted)
        return pb.AppRollbackResponse(url=_deployed_url(app), deployed_at=version.deployed_at)

    async def AppRollover(self, request: pb.AppRolloverRequest) -> pb.AppRolloverResponse:
        """The same version with new containers."""
        app = self._cloud.app(request.app_id)
        if not app.history:
            raise InvalidError("App has never been deployed")
        version = self._again(app, app.history[-1], rollback_of=0)
        return pb.AppRolloverResponse(url=_deployed_url(app), deployed_at=version.deployed_at)

    async def AppStop(self, request: pb.AppStopRequest) -> Empty:
        """End the deployment and all its containers; its URLs are invalid from now on."""
        await self._stop(self._cloud.app(request.app_id))
        return Empty()

    def _create(self, name: str, environment: str, state: int) -> App:
        environment = self._cloud.environment(environment).name
        return self._cloud.apps.put(App(identifiers.fresh("ap"), name, environment, state, self._cloud.now()))

    def _definitions(self, request: pb.AppPublishRequest) -> dict[str, str]:
        newest = {i: self._cloud.function(i).newest_definition for i in request.function_ids.values()}
        return newest | {i: d for i, d in request.definition_ids.items() if d and i in newest}

    def _changes_nothing(self, app: App, version: Version, tags: dict[str, str]) -> bool:
        if not app.deployed or not app.history:
            return False
        last = app.history[-1]
        same = (last.tag, last.functions, app.tags) == (version.tag, version.functions, tags)
        return same and self._same_definitions(last, version)

    def _same_definitions(self, last: Version, version: Version) -> bool:
        for function_id, definition_id in version.definitions.items():
            proto = self._cloud.definition(definition_id).proto()
            earlier = self._cloud.definition(last.definitions[function_id]).proto()
            secrets = [self._cloud.secrets.get(secret_id) for secret_id in proto.secret_ids]
            if any(secret and secret.updated_at > last.deployed_at for secret in secrets):
                return False
            if not same_work(earlier, proto):
                return False
        return True

    def _again(self, app: App, earlier: Version, *, rollback_of: int) -> Version:
        version = Version(
            version=len(app.history) + 1, deployed_at=self._cloud.now(), tag=earlier.tag,
            client_version=earlier.client_version, functions=dict(earlier.functions),
            definitions=dict(earlier.definitions), rollback_of=rollback_of,
        )  # fmt: skip
        self._make_live(app, version, fresh=not rollback_of)
        return version

    def _make_live(self, app: App, version: Version, *, fresh: bool = False) -> None:
        """Point every function at its definition; overrides of the autoscaler are wiped, as Modal does."""
        app.functions = dict(version.functions)
        app.history.append(version)
        self._cloud.apps.put(app)
        for function in self._cloud.functions:
            if function.app_id == app.id:
                function.live_definition = version.definitions.get(function.id, "")
                function.override = ""
                self._cloud.functions.put(function)
        self._pools.published(app, everything=fresh)

    async def _stop(self, app: App) -> None:
        app.state, app.stopped_at = pb.APP_STATE_STOPPED, self._cloud.now()
        self._cloud.apps.put(app)
        await self._pools.stop_app(app)

    def _item(self, app: App) -> pb.AppListResponse.AppListItem:
        return pb.AppListResponse.AppListItem(
            app_id=app.id, description=app.name, name=app.name, state=app.state,  # type: ignore[arg-type]
            created_at=app.created_at, stopped_at=app.stopped_at, metadata=_handle(app),
            n_running_tasks=len(self._cloud.running(app.id)),
        )  # fmt: skip


def _deployed_url(app: App) -> str:
    return f"{_DASHBOARD}/{WORKSPACE}/{app.environment}/deployed/{app.name}"


def _lifecycle(app: App) -> pb.AppLifecycle:
    return pb.AppLifecycle(
        app_state=app.state, created_at=app.created_at, created_by=USER,  # type: ignore[arg-type]
        version=len(app.history), deployed_at=app.history[-1].deployed_at if app.history else 0,
        deployed_by=USER if app.history else "", stopped_at=app.stopped_at,
    )  # fmt: skip


def _handle(app: App) -> pb.AppHandleMetadata:
    return pb.AppHandleMetadata(
        description=app.name, app_id=app.id, environment_name=app.environment, lifecycle=_lifecycle(app)
    )


def _history_row(app: App, version: Version) -> pb.AppDeploymentHistory:
    return pb.AppDeploymentHistory(
        app_id=app.id, version=version.version, client_version=version.client_version,
        deployed_at=version.deployed_at, deployed_by=USER, tag=version.tag,
        rollback_version=version.rollback_of, rollback_allowed=True,
    )  # fmt: skip
