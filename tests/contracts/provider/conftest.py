"""The worlds that the provider suite runs in: the fake one, and Modal's SDK against the sandbox."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import Spec
from deployments.providers.base import Credentials, Provider, WakeHop, WakeOutcome
from deployments.providers.modal_cloud import ModalProvider
from sandbox.launch import Sandbox, launch
from tests.fakes.provider import FakeProvider
from tests.patience import until

SPEED = 200
# Seconds of life; two walls' seconds in the sandbox, so that a slow machine does not miss it.
IDLE_WINDOW_S = 400


@dataclass
class World:
    """A provider, an app of its own in it, and the ways in which a test acts on the outside."""

    provider: Provider
    spec: Spec
    now: Callable[[], datetime]
    pass_time: Callable[[Callable[[], Any]], None]
    reached: Callable[[], int]
    empty_volume: Callable[[], None]
    sandbox: Sandbox | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def app(self) -> str:
        """The name of its app."""
        return self.spec.app_name

    def deploy(self, release: int = 1, **changes: Any) -> Any:
        """Bring the spec, with changes, to the provider."""
        return self.provider.deploy(
            replace(self.spec, **changes), slug="glm", release=release, on_line=self.lines.append,
            cancelled=lambda: False,
        )  # fmt: skip

    def wake(self, url: str) -> WakeHop:
        """One wake with all its hops."""
        hop = self.provider.send_wake(url)

        def over() -> bool:
            nonlocal hop
            if hop.outcome is WakeOutcome.CONTINUES:
                hop = self.provider.follow_wake(hop.result_url)
            return hop.outcome is not WakeOutcome.CONTINUES

        self.pass_time(over)
        return hop

    def until_no_container(self) -> None:
        """Wait until the app has none."""
        self.pass_time(lambda: not self.containers())

    def containers(self) -> list[Any]:
        """Those of its app."""
        return [c for c in self.provider.containers() if c.app_name == self.app]


def _spec() -> Spec:
    name = f"app-{uuid4().hex[:10]}"
    return replace(
        GLM_5_2_FP8,
        app_name=name,
        idle_window_s=IDLE_WINDOW_S,
        volumes={"/root/.cache/huggingface": f"{name}-weights", "/root/.cache/vllm": f"{name}-cache"},
    )


def _fake() -> World:
    clock = [datetime(2026, 11, 24, 12, 0, tzinfo=UTC)]
    fake = FakeProvider(lambda: clock[0])

    def pass_time(happened: Callable[[], Any]) -> None:
        for _ in range(2000):
            if happened():
                return
            clock[0] += timedelta(seconds=5)
        raise AssertionError("it did not happen")

    return World(
        provider=fake,
        spec=_spec(),
        now=lambda: clock[0],
        pass_time=pass_time,
        reached=lambda: fake.container_requests,
        empty_volume=lambda: None,
    )


@pytest.fixture(scope="session")
def sandbox():
    with (
        tempfile.TemporaryDirectory(prefix="pilotlight-sandbox-") as folder,
        launch(Path(folder), speed=SPEED) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def credentials(sandbox):
    """Credentials with the secrets and the proxy token of a set-up account."""
    plain = Credentials(
        token_id=sandbox.token_id,
        token_secret=sandbox.token_secret,
        environment="main",
        server_url=sandbox.grpc_url,
        speed=Decimal(SPEED),
    )
    provider = ModalProvider(plain)
    provider.write_secrets(
        {"huggingface": {"HF_TOKEN": "hf_contract"}, "vllm-api-key": {"VLLM_API_KEY": "sk-contract-key"}}
    )
    token = provider.create_proxy_token()
    return replace(plain, proxy_token_id=token.token_id, proxy_token_secret=token.token_secret)


def _modal(sandbox: Sandbox, credentials: Credentials) -> World:
    spec = _spec()
    weights = spec.volumes["/root/.cache/huggingface"]
    sandbox.control.seed_weights(weights, spec.model)
    return World(
        provider=ModalProvider(credentials),
        spec=spec,
        now=lambda: datetime.now(UTC),
        pass_time=lambda happened: until(happened, limit_s=40),
        reached=lambda: _reached(sandbox, spec.app_name),
        empty_volume=lambda: sandbox.control.empty_volume(weights),
        sandbox=sandbox,
    )


def _reached(sandbox: Sandbox, app: str) -> int:
    """Requests that reached containers of the app."""
    return sum(n for name, n in sandbox.control.counts()["functions"].items() if app in name)


@pytest.fixture(params=["fake", pytest.param("modal", marks=pytest.mark.slow)])
def world(request):
    """Each implementation in turn; its app is turned off afterwards."""
    if request.param == "fake":
        yield _fake()
        return
    made = _modal(request.getfixturevalue("sandbox"), request.getfixturevalue("credentials"))
    yield made
    made.provider.turn_off(made.app)


@pytest.fixture
def modal_world(sandbox, credentials):
    """Modal's SDK against the sandbox alone."""
    made = _modal(sandbox, credentials)
    yield made
    sandbox.control.clear_faults()
    made.provider.turn_off(made.app)
