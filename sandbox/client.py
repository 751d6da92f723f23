"""Steers a sandbox from a test or a demonstration. Standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, cast


class ControlError(Exception):
    """The sandbox refused; the message names the field."""


class ControlClient:
    """The control API of one sandbox."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 10.0) -> None:
        """`url` is `control_url` of endpoint.json."""
        self._url, self._token, self._timeout_s = url, token, timeout_s

    def __repr__(self) -> str:
        """Without the token."""
        return f"ControlClient({self._url!r})"

    def counts(self) -> dict[str, Any]:
        """`total` that reached containers, by `functions`, `containers`, `paths`; `at_url`, `refused`."""
        return cast(dict[str, Any], self._do("counts"))

    def reset_counts(self) -> None:
        """Count from zero."""
        self._do("reset_counts")

    def containers(self, *, running: bool | None = None) -> list[dict[str, Any]]:
        """All containers there have been, or only those that run, or only those that have ended."""
        found = cast(list[dict[str, Any]], self._do("containers"))
        return found if running is None else [c for c in found if running == (not c["finished_at"])]

    def calls(self, rpc: str | None = None) -> list[dict[str, Any]]:
        """Control-plane calls with their requests, secrets left out; of one name or all."""
        found = cast(list[dict[str, Any]], self._do("calls"))
        return found if rpc is None else [call for call in found if call["rpc"] == rpc]

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        self._do("clear_calls")

    def set_fault(self, name: str, **options: Any) -> None:
        """Misbehave from now on; `times=N` limits how often, `app=NAME` to whom. ControlError."""
        self._do("set_fault", name=name, **options)

    def clear_faults(self) -> None:
        """Behave again."""
        self._do("clear_faults")

    def empty_volume(self, name: str, *, environment: str = "main") -> None:
        """Remove all files of a volume."""
        self._do("empty_volume", name=name, environment=environment)

    def seed_weights(self, name: str, model: str, *, environment: str = "main") -> None:
        """Put a model's weights, `owner/name`, into a volume without downloading."""
        self._do("seed_weights", name=name, model=model, environment=environment)

    def kill_engine(self, container_id: str) -> None:
        """SIGKILL the engine inside a container."""
        self._do("kill_engine", container_id=container_id)

    def preempt(self, container_id: str) -> None:
        """Take the container's hardware away."""
        self._do("preempt", container_id=container_id)

    def add_stranger(self, app_name: str, *, environment: str = "main") -> str:
        """Add a container to a deployed app that nobody asked for; gives its id."""
        return cast(str, self._do("add_stranger", app_name=app_name, environment=environment))

    def set_budget(self, environment: str, usd: str) -> None:
        """Set an environment's monthly budget in USD."""
        self._do("set_budget", environment=environment, usd=usd)

    def backdate(self, seconds: float) -> None:
        """Move ended containers into the past, so that the billing report of whole hours shows them."""
        self._do("backdate", seconds=seconds)

    def _do(self, verb: str, **options: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the URL is the sandbox's own
            f"{self._url}/{verb}",
            data=json.dumps(options).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise ControlError(json.load(error).get("error", str(error))) from error
