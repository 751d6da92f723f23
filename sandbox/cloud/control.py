"""The control API: what tests and demonstrations tell the sandbox, behind a token of its own."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.cloud import identifiers, lifeline, weights
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.errors import CloudError, InvalidError, NotFoundError
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import Container

PREFIX = "/_sandbox"
_STATUS = {"NOT_FOUND": 404}


class Control:
    """`POST /_sandbox/<verb>` with a JSON object, and a bearer token."""

    def __init__(self, cloud: Cloud, pools: Pools, token: str) -> None:
        """Steer `cloud`; only who knows `token` may."""
        self._cloud, self._pools, self._token = cloud, pools, token
        self._verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "counts": lambda _: cloud.counts.as_dict(),
            "reset_counts": lambda _: cloud.counts.reset(),
            "calls": lambda _: cloud.calls.as_list(),
            "clear_calls": lambda _: cloud.calls.clear(),
            "containers": lambda _: [self._shown(container) for container in cloud.containers],
            "set_fault": self._set_fault,
            "clear_faults": lambda _: cloud.faults.clear(),
            "empty_volume": lambda o: weights.empty(cloud, _text(o, "name"), o.get("environment", "main")),
            "seed_weights": lambda o: weights.seed(
                cloud, _text(o, "name"), _text(o, "model"), o.get("environment", "main")
            ),
            "kill_engine": self._kill_engine,
            "preempt": self._preempt,
            "add_stranger": self._add_stranger,
            "set_budget": self._set_budget,
            "backdate": self._backdate,
        }

    def routes(self) -> list[web.RouteDef]:
        """What to add to the web application, before the data plane."""
        return [web.post(PREFIX + "/{verb}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Do what the verb says; errors name the field."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _error(401, "token: missing or wrong")
        verb = self._verbs.get(request.match_info["verb"])
        if verb is None:
            return _error(404, f"verb: there is {', '.join(self._verbs)}")
        try:
            options = json.loads(await request.text() or "{}")
            if not isinstance(options, dict):
                raise InvalidError("body: must be a JSON object")
            return web.json_response({"result": verb(options)})
        except CloudError as error:
            return _error(_STATUS.get(error.status, 422), str(error))
        except json.JSONDecodeError as error:
            return _error(422, f"body: {error}")

    def _shown(self, container: Container) -> dict[str, Any]:
        shown = asdict(container)
        app, function = (
            self._cloud.apps.get(container.app_id),
            self._cloud.functions.get(container.function_id),
        )
        shown |= {"app": app.name if app else "", "function": function.name if function else ""}
        with contextlib.suppress(NotFoundError):
            life = self._pools.life(container.id)
            shown |= {"ready": life.ready, "port": life.port, "running_inputs": len(life.inputs)}
            shown["pid"] = life.process.pid if life.process and life.process.is_started else None
        return shown

    def _set_fault(self, options: dict[str, Any]) -> None:
        self._cloud.faults.add(_text(options, "name"), {k: v for k, v in options.items() if k != "name"})

    def _kill_engine(self, options: dict[str, Any]) -> None:
        """SIGKILL the engine of a container: a descendant of it, and no other process."""
        life = self._pools.life(_text(options, "container_id"))
        try:
            pid = int((life.folder / "engine.pid").read_text())
        except (OSError, ValueError) as error:
            raise NotFoundError(f"container_id: {life.id} has written no engine's process id") from error
        if life.process is None or pid not in lifeline.descendants(life.process.pid):
            raise NotFoundError(f"container_id: process {pid} is not in {life.id}")
        os.kill(pid, signal.SIGKILL)

    def _preempt(self, options: dict[str, Any]) -> None:
        """The hardware is taken away: the container ends at once, and its inputs run again elsewhere."""
        life = self._pools.life(_text(options, "container_id"))
        life.say("Container preempted.\n")
        self._pools.stop_container(life.id, graceful=False)

    def _add_stranger(self, options: dict[str, Any]) -> str:
        """A container of a deployed app that nobody asked for; it costs money and does nothing."""
        name = _text(options, "app_name")
        app = self._cloud.deployed_app(name, options.get("environment", "main"))
        if app is None:
            raise NotFoundError(f"app_name: no app {name!r} is deployed")
        now = self._cloud.now()
        container = Container(
            id=identifiers.fresh("ta"), app_id=app.id, function_id=next(iter(app.functions.values()), ""),
            definition_id="", enqueued_at=now, started_at=now, gpu_type="H200", gpu_count=8, stranger=True,
        )  # fmt: skip
        return self._cloud.containers.put(container).id

    def _set_budget(self, options: dict[str, Any]) -> None:
        environment = self._cloud.environment(_text(options, "environment"))
        environment.budget_usd = _text(options, "usd")
        self._cloud.environments.put(environment)

    def _backdate(self, options: dict[str, Any]) -> None:
        """Move all ended containers into the past, so that the report of whole hours shows them."""
        seconds = options.get("seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise InvalidError("seconds: must be a number of at least 0")
        for container in self._cloud.containers:
            if container.finished_at:
                container.enqueued_at -= seconds
                container.started_at -= seconds if container.started_at else 0
                container.finished_at -= seconds
                self._cloud.containers.put(container)


def _text(options: dict[str, Any], field: str) -> str:
    value = options.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidError(f"{field}: must be given as text")
    return value


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
