"""Everything the cloud knows, and the questions that more than one part of it asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sandbox.cloud import identifiers
from sandbox.cloud.calls import Calls
from sandbox.cloud.counts import Counts
from sandbox.cloud.errors import NotFoundError
from sandbox.cloud.faults import Faults
from sandbox.cloud.logs import Logs
from sandbox.cloud.records import (
    App,
    Call,
    Container,
    Definition,
    Environment,
    Function,
    Image,
    Mount,
    ProxyToken,
    Secret,
    Volume,
)
from sandbox.cloud.store import Store, Table
from sandbox.cloud.tempo import Tempo

WORKSPACE = "sandbox"
_HEARTBEAT = "heartbeat"
# Modal shows logs of the last 35 days.
_LOGS_KEPT_S = 35 * 24 * 3600


class Cloud:
    """The state of the sandbox: rows on disk, and counters, calls and faults in memory."""

    def __init__(self, directory: Path, tempo: Tempo, *, now: Callable[[], float] = time.time) -> None:
        """Load what `directory` holds."""
        self.directory = directory
        self.tempo = tempo
        self.now = now
        self.web_url = ""
        self.grpc_url = ""
        # What a living container shows for itself when its code uses the SDK.
        self.container_tokens: dict[str, str] = {}
        self.store = Store(directory / "cloud.sqlite3")
        self.environments = Table(self.store, Environment)
        self.apps = Table(self.store, App)
        self.functions = Table(self.store, Function)
        self.definitions = Table(self.store, Definition)
        self.containers = Table(self.store, Container)
        self.secrets = Table(self.store, Secret)
        self.volumes = Table(self.store, Volume)
        self.images = Table(self.store, Image)
        self.mounts = Table(self.store, Mount)
        self.proxy_tokens = Table(self.store, ProxyToken)
        self.ended_calls = Table(self.store, Call)
        self.logs = Logs(self.store)
        self.calls = Calls()
        self.counts = Counts()
        self.faults = Faults()

    # What was there before

    def recover(self) -> None:
        """Record containers of an earlier process as ended at the last moment known, and set up `main`."""
        seen = float(self.store.note(_HEARTBEAT) or self.now())
        for container in self.containers:
            if not container.finished_at:
                container.finished_at = max(seen, container.started_at, container.enqueued_at)
                self.containers.put(container)
        self.logs.forget(before=self.now() - _LOGS_KEPT_S)
        if not list(self.environments):
            self.environments.put(Environment(identifiers.fresh("en"), "main", self.now()))

    def beat(self) -> None:
        """Remember that the sandbox is alive now."""
        self.store.set_note(_HEARTBEAT, repr(self.now()))

    # Questions

    def environment(self, name: str) -> Environment:
        """The environment of that name; the empty name means `main`. NotFoundError."""
        wanted = name or "main"
        for environment in self.environments:
            if environment.name == wanted:
                return environment
        raise NotFoundError(f"Environment '{wanted}' not found")

    def app(self, app_id: str) -> App:
        """The app. NotFoundError."""
        app = self.apps.get(app_id)
        if app is None:
            raise NotFoundError(f"App {app_id} not found")
        return app

    def deployed_app(self, name: str, environment: str) -> App | None:
        """The app that is deployed under `name`, if any."""
        wanted = self.environment(environment).name
        return next((a for a in self.apps if a.deployed and a.name == name and a.environment == wanted), None)

    def function(self, function_id: str) -> Function:
        """The function. NotFoundError."""
        function = self.functions.get(function_id)
        if function is None:
            raise NotFoundError(f"Function {function_id} not found")
        return function

    def live_function(self, label: str) -> Function | None:
        """The deployed function behind a URL's label."""
        for function in self.functions:
            if function.label == label and self.app(function.app_id).deployed and function.live_definition:
                return function
        return None

    def definition(self, definition_id: str) -> Definition:
        """A version of a function. NotFoundError."""
        definition = self.definitions.get(definition_id)
        if definition is None:
            raise NotFoundError(f"Definition {definition_id} not found")
        return definition

    def running(self, app_id: str = "") -> list[Container]:
        """Containers that have not ended, of one app or of all."""
        return [c for c in self.containers if not c.finished_at and app_id in ("", c.app_id)]

    def web_label(self, app: App, function_name: str) -> str:
        """The part of a web URL that names the function."""
        suffix = "" if app.environment == "main" else f"-{app.environment}"
        return quote(f"{WORKSPACE}{suffix}--{app.name}-{function_name}".lower().replace("_", "-"))
