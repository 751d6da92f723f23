"""The panel around the decision, without rows: what services do with each step, with the laws asserted."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import singledispatchmethod
from itertools import count

from deployments.planning import steps
from deployments.planning.decide import decide
from deployments.planning.facts import (
    ContainerFact,
    DeployFact,
    Facts,
    LeaseFact,
    Stop,
    StopFact,
    WakeFact,
    Windows,
)

from .simulated_cloud import Cloud, Unreachable

TICK_S = 5
# The speed of a sandbox: a window of a minute, a boot of 20 s.
WINDOWS = Windows(
    idle=timedelta(seconds=60),
    boot_deadline=timedelta(seconds=60),
    queue_deadline=timedelta(seconds=120),
    drain=timedelta(seconds=10),
    relight_watch=timedelta(seconds=10),
    resend_after=timedelta(seconds=20),
    tick=timedelta(seconds=TICK_S),
)
BOOT = timedelta(seconds=20)
SPENDING = (
    steps.RequestDeploy,
    steps.RunDeploy,
    steps.CreateWake,
    steps.HopWake,
    steps.ResendWake,
    steps.Ping,
    steps.StepDownload,
)


@dataclass
class Panel:
    """Rows as plain attributes. `dies_after` loses the worker after so many steps of the next round."""

    cloud: Cloud
    wanted_on: bool = False
    frozen: bool = False
    broken: bool = False
    current_release: int = 1
    live_release: int | None = None
    leases: dict[int, LeaseFact] = field(default_factory=dict)
    stop: StopFact | None = None
    deploy: DeployFact | None = None
    deploys: int = 0
    wake: WakeFact | None = None
    seen: dict[int, ContainerFact] = field(default_factory=dict)
    backlog: int = 0
    running: int = 0
    observed_at: datetime | None = None
    last_use_at: datetime | None = None
    last_ping_at: datetime | None = None
    dies_after: int | None = None
    twice: bool = False
    loses_answer: bool = False
    must_stay_dark: bool = False
    numbers: count = field(default_factory=lambda: count(1))

    @property
    def now(self) -> datetime:
        return self.cloud.now

    def facts(self) -> Facts:
        return Facts(
            now=self.now,
            windows=WINDOWS,
            wanted_on=self.wanted_on,
            frozen=self.frozen,
            blind=not self.cloud.reachable,
            breaker_open=self.broken,
            current_release=self.current_release,
            live_release=self.live_release,
            app_exists=self.live_release is not None,
            leases=tuple(self.leases.values()),
            stop=self.stop,
            deploy=self.deploy,
            wake=self.wake,
            containers=tuple(self.seen.values()),
            backlog=self.backlog,
            running_inputs=self.running,
            observed_at=self.observed_at,
            last_use_at=self.last_use_at,
            last_ping_at=self.last_ping_at,
        )

    # What people do

    def start(self, until_s: float | None) -> None:
        if self.frozen:
            return
        end = None if until_s is None else self.now + timedelta(seconds=until_s)
        number = next(self.numbers)
        self.leases[number] = LeaseFact(number, self.now, end)
        self.wanted_on, self.broken, self.must_stay_dark = True, False, False

    def order(self, kind: Stop, *, force: bool = False) -> None:
        self.leases.clear()
        if kind is Stop.OFF:
            self.wanted_on = False
        if kind is Stop.OFF or self.live_release is not None:
            self._begin_stop(kind, force=force)

    def freeze(self) -> None:
        self.frozen = True
        self.order(Stop.OFF, force=True)

    def _begin_stop(self, kind: Stop, *, force: bool = False) -> None:
        if self.stop is None or (self.stop.kind is Stop.SLEEP and kind is Stop.OFF):
            drain = timedelta(0) if force or kind is Stop.OFF else WINDOWS.drain
            self.stop = StopFact(kind, self.now, self.now + drain)

    # One round

    def round(self) -> None:
        """Time passes, somebody looks, somebody decides and carries out."""
        self.cloud.pass_time(TICK_S)
        self._observe()
        facts = self.facts()
        decided = decide(facts)
        assert decided == decide(facts), "the decision is not a function of its facts"
        self._hold_the_laws(facts, decided)
        for done, step in enumerate(decided):
            if self.dies_after is not None and done >= self.dies_after:
                break
            try:
                for _ in range(2 if self.twice else 1):
                    self._do(step)
            except Unreachable:
                break
        self.dies_after, self.twice, self.loses_answer = None, False, False
        self._dark_where_it_was_put_out()

    def _hold_the_laws(self, facts: Facts, decided: list[steps.Step]) -> None:
        no = facts.frozen or facts.blind or facts.breaker_open or facts.stop is not None
        spent = [step for step in decided if isinstance(step, SPENDING)]
        assert not (spent and (no or not facts.wanted_on)), f"{spent} although it is forbidden"
        for step in decided:
            if isinstance(step, steps.Ping):
                ends = [lease.until for lease in facts.holding if lease.until]
                assert ends, "a ping that nobody pays for"
                assert facts.now <= max(ends) - WINDOWS.idle, "a ping within a window of the end"
                assert facts.ready is not None, "a ping to what is not ready"
                assert facts.ready.run_id == step.run_id
        second = facts.wake is not None and facts.wake.boots > 1 and facts.ready is None
        if second and not no and facts.wanted_on:
            assert any(isinstance(step, steps.OpenBreaker) for step in decided), "a second boot is borne"

    def _dark_where_it_was_put_out(self) -> None:
        if self.must_stay_dark:
            assert self.cloud.container is None, "lit again after it was put out"

    def _observe(self) -> None:
        if not self.cloud.reachable:
            return
        box = self.cloud.container
        for number in [n for n in self.seen if box is None or n != box.number]:
            self._run_ended(self.seen.pop(number))
        if box is not None:
            if box.number not in self.seen and self.wake is not None:
                self.wake = replace(self.wake, boots=self.wake.boots + 1)
            self.seen[box.number] = ContainerFact(
                box.number, f"ta-{box.number}", box.began, box.began, box.ready_at
            )
        self.running, self.backlog = int(self.cloud.loaded), self.cloud.backlog
        if self.running:
            self.last_use_at = self.now
        self.observed_at = self.now

    def _run_ended(self, run: ContainerFact) -> None:
        """A death that nobody ordered before ready opens the breaker; a lease knows that its run is over."""
        if self.stop is not None or self.broken:
            return
        if run.ready_at is None:
            self._do(steps.OpenBreaker("boot_died", run.run_id))
        for lease in self.leases.values():
            self.leases[lease.id] = replace(lease, runs_ended=lease.runs_ended + 1)

    # What the services do with a step

    @singledispatchmethod
    def _do(self, step: steps.Step) -> None:
        raise AssertionError(f"nobody carries out {step!r}")

    @_do.register
    def _(self, step: steps.RequestDeploy) -> None:
        if self.deploy is None:
            self.deploy = DeployFact(next(self.numbers), step.release, busy=False)
            self.deploys += 1

    @_do.register
    def _(self, step: steps.RunDeploy) -> None:
        if self.deploy is not None and self.deploy.id == step.deploy_id:
            self.cloud.deploy(self.deploy.release)
            self.live_release, self.deploy = self.deploy.release, None

    @_do.register
    def _(self, step: steps.CancelDeploy) -> None:
        if self.deploy is not None and self.deploy.id == step.deploy_id:
            self.deploy = None

    @_do.register
    def _(self, step: steps.CreateWake) -> None:
        if self.wake is None:
            self.wake = WakeFact(next(self.numbers), None, 0, has_result_url=False, hop_busy=False)

    @_do.register
    def _(self, step: steps.HopWake) -> None:
        """Send it, or ask its result URL; a worker that dies after sending has stored no URL."""
        wake = self.wake
        if wake is None or wake.id != step.wake_id:
            return
        if wake.sent_at is None and self.live_release is not None and self.stop is None:
            self.wake = replace(wake, sent_at=self.now, sends=wake.sends + 1)
            self.cloud.send_wake()
            if not self.loses_answer:
                self.wake = replace(self.wake, has_result_url=True)
        elif wake.has_result_url and self.cloud.release is None:
            self.wake = replace(wake, has_result_url=False)

    @_do.register
    def _(self, step: steps.ResendWake) -> None:
        if self.wake is not None and self.wake.sent_at is not None and not self.wake.has_result_url:
            self.wake = replace(self.wake, sent_at=None)

    @_do.register
    def _(self, step: steps.CloseWake) -> None:
        if self.wake is not None and self.wake.id == step.wake_id:
            self.wake = None

    @_do.register
    def _(self, step: steps.Ping) -> None:
        if self.last_ping_at != self.now:
            self.last_ping_at = self.now
            if not self.loses_answer:
                self.cloud.ping()

    @_do.register
    def _(self, step: steps.BeginStop) -> None:
        self._begin_stop(step.kind)

    @_do.register
    def _(self, step: steps.StopContainers) -> None:
        self.cloud.stop_container(graceful=step.graceful)

    @_do.register
    def _(self, step: steps.TurnOff) -> None:
        self.cloud.turn_off()
        self.live_release, self.backlog, self.running = None, 0, 0

    @_do.register
    def _(self, step: steps.MarkClear) -> None:
        if self.stop is not None and self.stop.clear_since is None:
            self.stop = replace(self.stop, clear_since=self.now)

    @_do.register
    def _(self, step: steps.CloseStop) -> None:
        if self.stop is not None:
            self.must_stay_dark = not self.leases
        self.stop = None

    @_do.register
    def _(self, step: steps.OpenBreaker) -> None:
        self.broken, self.wanted_on, self.wake, self.deploy = True, False, None, None
        self.leases.clear()
        self.stop = StopFact(Stop.OFF, self.now, self.now)

    @_do.register
    def _(self, step: steps.EndLeases) -> None:
        for number in step.lease_ids:
            self.leases.pop(number, None)
