"""A real sandbox, and the real Modal SDK against it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import modal
import pytest
from modal._utils.async_utils import synchronizer
from modal_proto import api_pb2 as pb

from sandbox.launch import Sandbox, launch

APPS = Path(__file__).parent / "apps"
# Fast enough for tests: a quarter of an hour of idling is 9 s, the redirect comes after 1.5 s.
SPEED = 100.0


def wait_until(condition: Callable[[], Any], *, within_s: float = 30.0) -> Any:
    """What `condition` gives once it is true; other processes are at work, so this polls."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Modal's result URL stays the same from one redirect to the next: no loop before twenty."""

    max_repeats = 20
    max_redirections = 20


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Answer:
    """A response."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def fetch(
    url: str,
    *,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    follow: bool = True,
    method: str | None = None,
) -> Answer:
    """A request as a plain client sends it; a refusal is an answer too."""
    opener = urllib.request.build_opener(_Redirect if follow else _NoRedirect)
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)  # noqa: S310
    try:
        with opener.open(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def close_client(client: modal.Client) -> None:
    """End a client of the SDK."""
    client.close()


@dataclass
class Cloud:
    """A sandbox with its SDK client."""

    sandbox: Sandbox
    folder: Path
    client: modal.Client
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def control(self) -> Any:
        """The control client."""
        return self.sandbox.control

    def cli(self, *arguments: str, spec: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """`modal ...` as a process."""
        environment = {
            **os.environ,
            **self.sandbox.environ,
            "APP_SPEC": json.dumps(spec or {}),
            "COLUMNS": "300",
        }
        command = [sys.executable, "-m", "modal", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def deploy(
        self,
        name: str,
        *,
        module: str = "web_app.py",
        tag: str = "r1",
        strategy: str = "recreate",
        **spec: Any,
    ) -> str:
        """Deploy a test module under `name` by the SDK in this process; gives the URL of `serve`."""
        loaded = load(module, {"app": name, **spec})
        loaded.app.deploy(name=name, tag=tag, strategy=strategy, client=self.client)
        return self.function(name).get_web_url()

    def function(self, app: str, name: str = "serve") -> modal.Function:
        """A deployed function."""
        return modal.Function.from_name(app, name, client=self.client)

    def containers(self, app: str, *, running: bool | None = None) -> list[dict[str, Any]]:
        """Containers of one app, as the control API shows them."""
        return [c for c in self.control.containers(running=running) if c["app"] == app]

    def ready(self, app: str) -> dict[str, Any]:
        """The one container of `app`, once it is ready."""
        return wait_until(
            lambda: next((c for c in self.containers(app, running=True) if c.get("ready")), None)
        )

    def log(self, app: str) -> list[str]:
        """The messages of an app's log, read by the SDK."""
        now = datetime.now(UTC)
        found = modal.App.lookup(app, client=self.client).logs.fetch(
            since=now - timedelta(minutes=10), until=now + timedelta(seconds=1)
        )
        return [entry.message for entry in found]

    def stop_container(self, container_id: str, *, graceful: bool = False) -> None:
        """What `modal container stop` does, without the start of a process."""
        request = pb.ContainerStopRequest(task_id=container_id, graceful=graceful)

        async def ask(client: Any) -> None:
            await client._stub.ContainerStop(request)

        synchronizer.create_blocking(ask)(self.client)

    def stop(self, app: str) -> None:
        """End an app, so that it disturbs no other test."""
        with contextlib.suppress(modal.exception.NotFoundError):
            modal.App.lookup(app, client=self.client).stop(client=self.client)


def load(module: str, spec: dict[str, Any]) -> Any:
    """Import a test module anew, as a deploy does, with that specification in its environment."""
    name = module.removesuffix(".py")
    found = importlib.util.spec_from_file_location(name, APPS / module)
    loaded = importlib.util.module_from_spec(found)
    with (
        mock.patch.dict(os.environ, {"APP_SPEC": json.dumps(spec)}),
        mock.patch.dict(sys.modules, {name: loaded}),
    ):
        found.loader.exec_module(loaded)
        # What the SDK looks up of the module while it deploys.
        sys.modules[name] = loaded
    return loaded


def connect(sandbox: Sandbox) -> modal.Client:
    """A client of the SDK, without touching this process's environment."""
    client = modal.Client(sandbox.grpc_url, pb.CLIENT_TYPE_CLIENT, (sandbox.token_id, sandbox.token_secret))
    client._open()
    return client


def start(folder: Path, **options: Any) -> Cloud:
    """Launch a sandbox below `folder` and connect to it, with the secret that the test module needs."""
    sandbox = launch(folder, **{"speed": SPEED, **options})
    cloud = Cloud(sandbox, folder, connect(sandbox))
    modal.Secret.objects.create(
        "model-key", {"MODEL_KEY": "hush-hush"}, allow_existing=True, client=cloud.client
    )
    return cloud


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One sandbox for a module; apps are named after their test."""
    cloud = start(tmp_path_factory.mktemp("sandbox"), env={"AWS_SECRET_ACCESS_KEY": "not for containers"})
    yield cloud
    close_client(cloud.client)
    assert cloud.sandbox.stop() == 0


@pytest.fixture
def cloud(shared: Cloud) -> Iterator[Cloud]:
    """The module's sandbox with nothing wrong and nothing counted."""
    shared.control.clear_faults()
    shared.control.reset_counts()
    shared.control.clear_calls()
    yield shared
    shared.control.clear_faults()
    for app in {c["app"] for c in shared.control.containers(running=True)}:
        shared.stop(app)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """For requests that wait at the same time."""
    with ThreadPoolExecutor(16) as pool:
        yield pool
