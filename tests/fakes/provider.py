"""A provider in memory: the outermost edge, for tests of the code that drives a provider.

It behaves as `deployments.providers.base.Provider` promises; `tests/contracts/provider` holds it to the
same suite as the real one. Time is injected and nothing happens between calls: whatever a clock's advance
would have brought about (a boot that ends, an idle container that goes out) is caught up with, at its true
instant, when the next call comes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from deployments.planning.spec import Spec
from deployments.providers.base import (
    AccountFacts,
    AppFacts,
    BilledHour,
    CallOutcome,
    CallState,
    ContainerFacts,
    Deployed,
    EndedContainer,
    ListedApp,
    LogEntry,
    NotDeployed,
    ProviderError,
    ProxyToken,
    Stats,
    WakeHop,
    WakeOutcome,
    WeightsFacts,
    scaled,
)
from tests.fakes.cloud import BOOT_LINES, FakeApp, FakeContainer, FakeInput

SIZES = b'{"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 128, "vocab_size": 512, \
"max_position_embeddings": 2048}'


class FakeProvider:
    """Implements `Provider`. Script it by its attributes, all of which may change at any time:

    - `queue_s`, `boot_s`: of the next container, in seconds at this clock; `boot_s = None` never gets ready.
    - `download_s`: how long a download takes. `weights`: what `weights_present` answers, by volume and model;
      `configs` those whose config.json is not the stand-in one.
    - `restarts_crashed`: whether a container that dies with work waiting is replaced, as Modal documents.
    - `boot_lines`: what a boot prints. `during_deploy`: called in the middle of a deploy.
    - `call_log`: every method called, in order; `container_requests`: how many requests reached a container
      or waited for one; `wake_requests`: how many of them `send_wake` sent.
    """

    def __init__(self, clock: Callable[[], datetime], *, speed: Decimal = Decimal(1)) -> None:
        self.clock = clock
        self.speed = speed
        self.queue_s = 0.0
        self.boot_s: float | None = 275.0
        self.download_s = 600.0
        self.restarts_crashed = True
        self.boot_lines = BOOT_LINES
        self.during_deploy: Callable[[], None] = lambda: None
        self.account = AccountFacts(workspace="fake", environment="main")
        self.prices: dict[str, Decimal] | None = None
        self.bills: list[BilledHour] | None = []
        self.secrets: dict[str, dict[str, str]] = {}
        self.proxy_tokens: set[str] = set()
        self.weights: dict[tuple[str, str], bool | None] = {}
        self.configs: dict[tuple[str, str], bytes] = {}
        self.weights_bytes = 0
        self.volumes: set[str] = set()
        self.call_log: list[str] = []
        self.deploys: list[tuple[Spec, str, int]] = []
        self.wake_requests = 0
        self.container_requests = 0
        self._apps: dict[str, FakeApp] = {}
        self._containers: dict[str, FakeContainer] = {}
        self._inputs: dict[str, FakeInput] = {}
        self._downloads: dict[str, tuple[FakeContainer, bool]] = {}
        self._faults: dict[str, list[ProviderError]] = {}
        self._serial = 0

    # What a test does to it.

    def fail_next(self, method: str, error: ProviderError, *, times: int = 1) -> None:
        """The next `times` calls of `method` raise `error` and do nothing."""
        self._faults.setdefault(method, []).extend([error] * times)

    def add_log(
        self, app_name: str, text: str, *, container_id: str = "", at: datetime | None = None
    ) -> None:
        """A line in the app's log, now unless said otherwise."""
        app = self._find(app_name)
        app.logs.append(LogEntry(at=at or self.clock(), text=text, container_id=container_id))

    def begin_request(self, app_name: str) -> str:
        """Somebody else's request at the endpoint; it wakes a sleeping app. Gives its id."""
        self._catch_up()
        return self._new_input(self._find(app_name), wake=False)

    def end_request(self, request_id: str) -> None:
        """That request is answered."""
        self._catch_up()
        request = self._inputs[request_id]
        request.done = True
        self._touch(request.app)

    def start_outside(self, app_name: str) -> str:
        return self._start(self._find(app_name)).container_id

    def add_app(
        self, name: str, spec: Spec, *, slug: str, deployed: bool = True, lit: bool = True
    ) -> FakeApp:
        """An app that somebody brought there by hand; `slug` empty for one that no panel deployed."""
        app = FakeApp(self._new_id("ap"), name, spec, slug, 1, self.clock())
        self._apps[name if deployed else app.app_id] = app
        if lit:
            self._start(app)
        return app

    def kill_container(self, container_id: str, *, line: str = "") -> None:
        """The container dies by itself, now; `line` is the last thing it prints."""
        self._catch_up()
        container = self._containers[container_id]
        if line:
            self.add_log(container.app.name, line, container_id=container_id)
        self._end(container, self.clock())
        if self.restarts_crashed:
            self._replace(container)

    def lose_results(self) -> None:
        """Every result URL is forgotten, as after a day."""
        self._inputs = {key: value for key, value in self._inputs.items() if not value.wake}

    # The protocol.

    def check(self) -> AccountFacts:
        self._called("check")
        return self.account

    def create_proxy_token(self) -> ProxyToken:
        self._called("create_proxy_token")
        made = ProxyToken(token_id=self._new_id("wk"), token_secret=self._new_id("ws"))
        self.proxy_tokens.add(made.token_id)
        return made

    def proxy_token_holds(self, token_id: str) -> bool:
        self._called("proxy_token_holds")
        return token_id in self.proxy_tokens

    def revoke_proxy_token(self, token_id: str) -> None:
        self._called("revoke_proxy_token")
        self.proxy_tokens.discard(token_id)

    def write_secrets(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self._called("write_secrets")
        self.secrets.update({name: dict(values) for name, values in secrets.items()})

    def missing_secrets(self, names: Sequence[str]) -> list[str]:
        self._called("missing_secrets")
        return [name for name in names if name not in self.secrets]

    def missing_keys(self, secret: str, keys: Sequence[str]) -> list[str]:
        self._called("missing_keys")
        if secret not in self.secrets:
            raise ProviderError(f"Secret '{secret}' not found in environment 'main'", permanent=True)
        return [key for key in keys if key not in self.secrets[secret]]

    def missing_volumes(self, names: Sequence[str]) -> list[str]:
        self._called("missing_volumes")
        there = {volume for volume, _ in self.weights} | self.volumes
        return [name for name in names if name not in there]

    def deploy(
        self, spec: Spec, *, slug: str, release: int, on_line: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Deployed:  # fmt: skip
        self._called("deploy")
        on_line("Building image im-1")
        self.during_deploy()
        if cancelled():
            raise ProviderError("The deploy was cancelled.", permanent=False)
        app = self._apps.get(spec.app_name)
        if app is not None and not app.stopped:
            changed = (app.spec, app.tag) != (spec, release)
            for container in self._live(app):
                self._end(container, self.clock())
            app.spec, app.tag, app.slug, app.deployed_at = spec, release, slug, self.clock()
        else:
            changed = True
            app = FakeApp(self._new_id("ap"), spec.app_name, spec, slug, release, self.clock())
            self._apps[spec.app_name] = app
        self.volumes |= set(spec.volumes.values())
        self.deploys.append((spec, slug, release))
        on_line("App deployed")
        return Deployed(app_id=app.app_id, endpoint_url=app.url, changed=changed)

    def find_app(self, app_name: str) -> AppFacts | None:
        self._called("find_app")
        app = self._apps.get(app_name)
        there = app if app is not None and not app.stopped else None
        return there and AppFacts(there.app_id, there.name, there.url, there.deployed_at, there.tag)

    def apps(self) -> list[ListedApp]:
        self._called("apps")
        there = [app for app in self._apps.values() if not app.stopped]
        return [ListedApp(app.app_id, app.name, bool(app.slug), app.slug) for app in there]

    def containers(self) -> list[ContainerFacts]:
        self._called("containers")
        return [self._facts(c) for c in self._containers.values() if c.finished_at is None]

    def ended_container(self, container_id: str) -> EndedContainer | None:
        self._called("ended_container")
        c = self._containers.get(container_id)
        return None if c is None else EndedContainer(container_id, self._started(c), c.finished_at)

    def stats(self, app_name: str) -> Stats:
        self._called("stats")
        app = self._find(app_name)
        waiting = sum(not i.done and not i.lost and i.app is app for i in self._inputs.values())
        return Stats(backlog=0, running_inputs=waiting) if self._ready(app) else Stats(waiting, 0)

    def logs(self, app_id: str, *, since: datetime, until: datetime) -> list[LogEntry]:
        self._called("logs")
        entries = [e for app in self._apps.values() if app.app_id == app_id for e in app.logs]
        return sorted((e for e in entries if since <= e.at <= until), key=lambda e: e.at)

    def stop_container(self, container_id: str, *, graceful: bool) -> None:
        self._called("stop_container")
        container = self._containers.get(container_id)
        if container is not None and container.finished_at is None:
            self._end(container, self.clock())
            self._replace(container)

    def turn_off(self, app_name: str) -> None:
        self._called("turn_off")
        self._turn_off(self._apps.get(app_name))

    def end_app(self, app_id: str) -> None:
        self._called("end_app")
        self._turn_off(next((app for app in self._apps.values() if app.app_id == app_id), None))

    def _turn_off(self, app: FakeApp | None) -> None:
        if app is None or app.stopped:
            return
        app.stopped = True
        for container in self._live(app, gpu_only=False):
            self._end(container, self.clock())
        for request in self._inputs.values():
            if request.app is app and not request.done:
                request.lost = "modal-http: app for invoked web endpoint is stopped"

    def send_wake(self, endpoint_url: str) -> WakeHop:
        self._called("send_wake")
        app = next((a for a in self._apps.values() if a.url == endpoint_url and not a.stopped), None)
        if app is None:
            raise NotDeployed("404 modal-http: invalid function call")
        self.wake_requests += 1
        return self._hop(self._new_input(app, wake=True))

    def follow_wake(self, result_url: str) -> WakeHop:
        self._called("follow_wake")
        key = result_url.rpartition("=")[2]
        return self._hop(key) if key in self._inputs else WakeHop(WakeOutcome.RESULT_GONE)

    def ping(self, endpoint_url: str) -> None:
        self._called("ping")
        app = next((a for a in self._apps.values() if a.url == endpoint_url and not a.stopped), None)
        if app is None:
            raise NotDeployed("404 modal-http: invalid function call")
        request = self._inputs[self._new_input(app, wake=False)]
        request.done = self._ready(app)

    def warm_up(self, endpoint_url: str, *, engine_key: str, bodies: Sequence[bytes], limit_s: float) -> None:
        for _ in bodies:
            self.ping(endpoint_url)
            self.call_log[-1] = "warm_up"

    def weights_present(self, volume: str, model: str) -> bool | None:
        self._called("weights_present")
        return self.weights.get((volume, model), False)

    def model_config(self, volume: str, model: str) -> bytes | None:
        self._called("model_config")
        return self.configs.get((volume, model), SIZES if self.weights.get((volume, model)) else None)

    def weights_facts(self, volume: str, model: str) -> WeightsFacts:
        self._called("weights_facts")
        whole = self.weights.get((volume, model), False)
        return WeightsFacts(whole, files=142 if whole else 0, size_bytes=self.weights_bytes if whole else 0)

    def start_download(self, app_name: str) -> str:
        self._called("start_download")
        container = self._start(self._find(app_name), gpu_count=0)
        call_id = self._new_id("fc")
        self._downloads[call_id] = (container, False)
        return call_id

    def download_state(self, call_id: str) -> CallState:
        self._called("download_state")
        if call_id not in self._downloads:
            return CallState(CallOutcome.FAILED, "The call is not known.")
        container, cancelled = self._downloads[call_id]
        if container.finished_at is None:
            return CallState(CallOutcome.RUNNING)
        if cancelled or container.app.stopped:
            return CallState(CallOutcome.FAILED, "The call was cancelled.")
        return CallState(CallOutcome.DONE)

    def cancel_download(self, call_id: str) -> None:
        self._called("cancel_download")
        container, _ = self._downloads[call_id]
        if container.finished_at is None:
            self._downloads[call_id] = (container, True)
            self._end(container, self.clock())

    def unit_prices(self) -> dict[str, Decimal] | None:
        self._called("unit_prices")
        return self.prices

    def billing_report(self, since: datetime, until: datetime) -> list[BilledHour] | None:
        self._called("billing_report")
        if self.bills is None:
            return None
        first = since.replace(minute=0, second=0, microsecond=0)
        return [row for row in self.bills if first <= row.hour and row.hour + timedelta(hours=1) <= until]

    # How it goes on.

    def _called(self, method: str) -> None:
        self.call_log.append(method)
        if self._faults.get(method):
            raise self._faults[method].pop(0)
        self._catch_up()

    def _new_id(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}-{self._serial}"

    def _find(self, app_name: str) -> FakeApp:
        app = self._apps.get(app_name)
        if app is None or app.stopped:
            raise NotDeployed(f"App '{app_name}' not found in environment 'main'")
        return app

    def _live(self, app: FakeApp, *, gpu_only: bool = True) -> list[FakeContainer]:
        living = (c for c in self._containers.values() if c.app is app and c.finished_at is None)
        return [c for c in living if c.gpu_count or not gpu_only]

    def _ready(self, app: FakeApp) -> bool:
        now = self.clock()
        return any(c.ready_at is not None and c.ready_at <= now for c in self._live(app))

    def _pending(self, app: FakeApp) -> bool:
        return any(i.app is app and not i.done and not i.lost for i in self._inputs.values())

    def _started(self, container: FakeContainer) -> datetime | None:
        end = container.finished_at or self.clock()
        return container.started_at if container.started_at <= end else None

    def _facts(self, c: FakeContainer) -> ContainerFacts:
        return ContainerFacts(
            c.container_id,
            c.app.app_id,
            c.app.name,
            c.enqueued_at,
            self._started(c),
            c.gpu_count if c.gpu_count or self._started(c) else None,
            c.app.spec.gpu_type if c.gpu_count else "",
        )

    def _new_input(self, app: FakeApp, *, wake: bool) -> str:
        self.container_requests += 1
        key = self._new_id("in")
        self._inputs[key] = FakeInput(app, wake)
        if not self._live(app):
            self._start(app)
        self._touch(app)
        return key

    def _touch(self, app: FakeApp) -> None:
        for container in self._live(app):
            container.last_use = self.clock()

    def _hop(self, key: str) -> WakeHop:
        request = self._inputs[key]
        if request.lost:
            return WakeHop(WakeOutcome.FAILED, detail=request.lost)
        if not request.done and self._ready(request.app):
            request.done = True
            self._touch(request.app)
        if request.done:
            return WakeHop(WakeOutcome.READY)
        return WakeHop(WakeOutcome.CONTINUES, result_url=f"{request.app.url}/health?__modal_attempt={key}")

    def _start(self, app: FakeApp, *, gpu_count: int | None = None) -> FakeContainer:
        at = self.clock()
        gpus = app.spec.gpu_count if gpu_count is None else gpu_count
        started = at + timedelta(seconds=self.queue_s)
        boot_s = self.boot_s if gpus else 0.0
        ready = None if boot_s is None else started + timedelta(seconds=boot_s)
        container = FakeContainer(self._new_id("ta"), app, at, started, ready, gpus, last_use=at)
        self._containers[container.container_id] = container
        return container

    def _end(self, container: FakeContainer, at: datetime) -> None:
        container.finished_at = at

    def _replace(self, container: FakeContainer) -> None:
        """Modal gives what a stopped or crashed container was working on to a new one."""
        if not container.app.stopped and container.gpu_count and self._pending(container.app):
            self._start(container.app)

    def _catch_up(self) -> None:
        now = self.clock()
        for container in list(self._containers.values()):
            if container.finished_at is not None:
                continue
            if container.gpu_count == 0:
                self._finish_download(container, now)
            else:
                self._print(container, now)
                self._go_out_idle(container, now)

    def _finish_download(self, container: FakeContainer, now: datetime) -> None:
        end = container.started_at + timedelta(seconds=self.download_s)
        if end <= now:
            self._end(container, end)
            spec = container.app.spec
            volume = spec.volumes.get("/root/.cache/huggingface", "")
            self.weights[(volume, spec.model)] = True

    def _print(self, container: FakeContainer, now: datetime) -> None:
        if container.ready_at is None:
            return
        boot = container.ready_at - container.started_at
        for share, line in self.boot_lines[container.told :]:
            at = container.started_at + boot * share
            if at > now:
                return
            container.app.logs.append(LogEntry(at=at, text=line, container_id=container.container_id))
            container.told += 1

    def _go_out_idle(self, container: FakeContainer, now: datetime) -> None:
        if container.ready_at is None or container.ready_at > now:
            return
        for request in self._inputs.values():  # a wake is answered when the server is up, asked for or not
            if request.wake and request.app is container.app and not request.done and not request.lost:
                request.done = True
        if self._pending(container.app):
            return
        idle_from = max(container.ready_at, container.last_use or container.enqueued_at)
        end = idle_from + scaled(container.app.spec.idle_window_s, self.speed)
        if end <= now:
            self._end(container, end)
