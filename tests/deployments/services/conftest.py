"""A panel in one process: real rows, the fake provider, an injected clock, tasks run by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from deployments.models import Account, Deployment, Run
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Via
from deployments.planning.presets import PRESETS
from deployments.services import (
    deploys,
    enqueue,
    observe,
    outside,
    reconcile,
    requests,
    status,
    wakes,
    warm_up,
)
from deployments.services.views import StatusView
from tests.fakes.provider import FakeProvider

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SLUG = "glm-5-2-fp8"


def actor(role: Role = Role.OPERATOR, *, name: str = "Ada", user_id: int | None = None) -> Actor:
    """Somebody with a role."""
    return Actor(user_id=user_id, name=name, scopes=ROLE_SCOPES[role], via=Via.PAGE, address="127.0.0.1")


@dataclass
class Panel:
    """The panel under test. Messages wait in `queue` until `work` delivers them."""

    provider: FakeProvider
    clock: Any
    queue: list[tuple[str, int]] = field(default_factory=list)
    deliver_twice: bool = False

    @property
    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    @property
    def deployment(self) -> Deployment:
        return Deployment.objects.select_related("account", "live_release", "current_release").get(slug=SLUG)

    @property
    def app_name(self) -> str:
        return str(self.deployment.config["app_name"])

    def status(self, who: Actor | None = None) -> StatusView:
        return status.status_of(self.deployment, actor=who or actor())

    def state(self) -> str:
        return str(self.status().state)

    def run(self) -> Run:
        return Run.objects.latest("id")

    def start(self, who: Actor | None = None, **options: Any) -> Any:
        options.setdefault("until", None)
        return requests.start(self.deployment, actor=who or actor(), **options)

    def tick(self, *, observing: bool = True) -> None:
        """One round: deliver the messages, look, reconcile, deliver what came of it."""
        self.work()
        if observing:
            observe.observe(self.deployment.account_id, force=True)
        reconcile.reconcile(self.deployment.pk)
        self.work()

    def work(self) -> None:
        delivered: list[tuple[str, int]] = []
        while self.queue:
            name, key = self.queue.pop(0)
            delivered.append((name, key))
            assert len(delivered) < 60, f"the panel talks to itself without end: {delivered[-8:]}"
            for _ in range(2 if self.deliver_twice else 1):
                _TASKS[name](key)

    def advance(self, seconds: float, *, step_s: float = 10.0, observing: bool = True) -> None:
        """Let time pass with a round every `step_s` seconds."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.clock.shift(min(step_s, (end - self.now).total_seconds()))
            self.tick(observing=observing)

    def skip(self, seconds: float) -> None:
        """Let time pass with the panel dead."""
        self.queue.clear()
        self.clock.shift(seconds)

    def light(self, *, step_s: float = 40.0, **options: Any) -> Any:
        """Start and wait until it is ready."""
        lease = self.start(**options)
        self.advance(320, step_s=step_s)
        assert self.state() == "ready", self.status().sentence
        return lease


def _observe(account_id: int) -> None:
    observe.observe(account_id, force=True)


_TASKS: dict[str, Callable[[int], object]] = {
    "deployments.tasks.reconcile": reconcile.reconcile,
    "deployments.tasks.run_deploy": deploys.run_deploy,
    "deployments.tasks.hop_wake": wakes.hop,
    "deployments.tasks.warm_up": warm_up.warm_up,
    "deployments.tasks.observe": _observe,
}


@pytest.fixture
def panel(
    db: None, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> Iterator[Panel]:
    account = Account.objects.create(name="Fake", token_id="ak-x", token_secret="as-x")
    Deployment.objects.create(
        slug=SLUG, name="GLM-5.2 FP8", account=account, config=PRESETS[SLUG].to_json(), weights_present=True,
        warm_up=False,
    )  # fmt: skip
    with time_machine.travel(START, tick=False) as clock:
        provider = FakeProvider(lambda: datetime.now(tz=UTC))
        provider.weights[("huggingface-cache", "zai-org/GLM-5.2-FP8")] = True
        made = Panel(provider=provider, clock=clock)
        for module in (reconcile, observe, deploys, wakes, warm_up, outside):
            monkeypatch.setattr(module, "provider_for", lambda account: provider)

        def note(name: str, *args: Any, queue: str = "control") -> None:
            if (name, args[0]) not in made.queue:
                made.queue.append((name, args[0]))

        monkeypatch.setattr(enqueue, "_after_commit", note)
        yield made
