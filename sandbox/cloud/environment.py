"""The environment variables of a container: an allow-list of the host's, and what the function was given."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from modal_proto import api_pb2 as pb

from sandbox.cloud.cloud import WORKSPACE, Cloud
from sandbox.cloud.records import App, Container

# All that passes from the sandbox's own environment. No credentials, no proxies, no library paths.
HOST_ALLOWED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


def image_environment(lines: Iterable[str]) -> dict[str, str]:
    """What the `ENV` lines of a Dockerfile set. Nothing of a Dockerfile is ever run."""
    found: dict[str, str] = {}
    for line in lines:
        if not line.startswith("ENV "):
            continue
        for word in shlex.split(line[4:]):
            name, equals, value = word.partition("=")
            if equals:
                found[name] = value
    return found


def secret_environment(cloud: Cloud, proto: pb.Function) -> dict[str, str]:
    """The variables of the function's secrets, later ones over earlier ones."""
    found: dict[str, str] = {}
    for secret_id in proto.secret_ids:
        secret = cloud.secrets.get(secret_id)
        if secret is not None:
            found |= secret.values
    return found


def container_environment(
    cloud: Cloud, app: App, container: Container, proto: pb.Function, *, folder: Path, port: int
) -> dict[str, str]:
    """All variables of a container, the sandbox's own last so that nothing deployed overrides them."""
    image = cloud.images.get(proto.image_id)
    host = {name: os.environ[name] for name in HOST_ALLOWED if name in os.environ}
    given = (image.environment if image else {}) | secret_environment(cloud, proto)
    own = _modal_names(app, container, proto) | _sandbox_names(cloud, app, folder=folder, port=port)
    own["PATH"] = f"{cloud.directory / 'bin'}:{given.get('PATH') or host.get('PATH', '/usr/bin:/bin')}"
    return host | given | own


def _modal_names(app: App, container: Container, proto: pb.Function) -> dict[str, str]:
    return {
        "MODAL_TASK_ID": container.id,
        "MODAL_APP_ID": app.id,
        "MODAL_FUNCTION_ID": container.function_id,
        "MODAL_IMAGE_ID": proto.image_id,
        "MODAL_ENVIRONMENT": app.environment,
        "MODAL_WORKSPACE": WORKSPACE,
        "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_SANDBOX",
        "MODAL_REGION": "local",
        "MODAL_IS_REMOTE": "1",
    }


def _sandbox_names(cloud: Cloud, app: App, *, folder: Path, port: int) -> dict[str, str]:
    names = {
        "HOME": str(folder / "root"),
        "PYTHONPATH": str(cloud.directory / "lib"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SANDBOX_PORT": str(port),
        "SANDBOX_SPEED": f"{cloud.tempo.speed:g}",
        "SANDBOX_ENGINE_PID_FILE": str(folder / "engine.pid"),
    }
    fault = cloud.faults.for_engine(app.name)
    if fault is not None:
        names["SANDBOX_FAULT"] = json.dumps(fault)
    return names
