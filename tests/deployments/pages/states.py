"""Deployments in every state that people read, as rows; times count from `NOW`."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from deployments.engines.levels import level_of
from deployments.models import (
    Account,
    Action,
    Deploy,
    Deployment,
    DeployStatus,
    Finding,
    InFlight,
    Lease,
    LogLine,
    LogSource,
    Phase,
    Release,
    Run,
    Wanted,
)
from deployments.planning.presets import GLM_5_2_FP8
from deployments.services import diagnosing

PHASES = {"queued": 0, "container": 6, "download": 60, "weights": 64, "warmup": 135, "server": 261}
READY_S = 275
LINES = (
    "(APIServer pid=4) INFO 11-24 09:00:10 [utils.py:328] vLLM API server version 0.33.0",
    "(APIServer pid=4) INFO 11-24 09:00:12 [utils.py:244] non-default args: {'enforce_eager': True}",
    "(APIServer pid=4) WARNING 11-24 09:00:14 [vllm.py:1180] Enforce eager set, disabling CUDAGraphs.",
    "(Worker_TP0 pid=90) INFO 11-24 09:01:04 [loader.py:291] Loading safetensors checkpoint shards: 62% ",
    "(EngineCore pid=40) ERROR 11-24 09:01:40 [core.py:1134] ValueError: To serve at least one request with"
    " the model's max seq len (1048576), 53.45 GiB KV cache is needed",
)
TOO_LONG = (
    "(EngineCore pid=40) ERROR 11-24 09:01:40 [x.py:4] ValueError: To serve at least one request with the "
    "model's max seq len (131072), (53.4 GiB KV cache is needed, which is larger than the available KV cache "
    "memory (25.9 GiB). Based on the available memory, the estimated maximum model length is 65536."
)


class States:
    """Makes deployments; each gets its own app name."""

    def __init__(self, now: datetime, *, sandbox: bool = False, speed: int = 1) -> None:
        self.now = now
        self.account = Account.objects.create(
            name="Sandbox" if sandbox else "Modal", token_id="ak-1", token_secret="as-1",
            is_sandbox=sandbox, speed=Decimal(speed), seen_at=now,
        )  # fmt: skip

    def ago(self, seconds: float) -> datetime:
        return self.now - timedelta(seconds=seconds)

    def off(self, slug: str = "off", name: str = "GLM-5.2 FP8", **more: Any) -> Deployment:
        config = GLM_5_2_FP8.to_json() | {"app_name": slug}
        more = {"weights_present": True, "observed_at": self.ago(4)} | more
        return Deployment.objects.create(slug=slug, name=name, account=self.account, config=config, **more)

    def released(self, slug: str, name: str, **more: Any) -> Deployment:
        made = self.off(slug, name, **more)
        release = Release.objects.create(
            deployment=made, number=1, spec=made.config, note="first release", author_name="Ada",
            created_at=self.ago(90000),
        )  # fmt: skip
        made.current_release = release
        made.save(update_fields=["current_release"])
        return made

    def asleep(self, slug: str = "asleep", name: str = "Support drafts", **more: Any) -> Deployment:
        made = self.released(slug, name, wanted=Wanted.ON, app_id=f"ap-{slug}", **more)
        made.live_release = made.current_release
        made.endpoint_url = f"https://{slug}.example.org"
        made.save(update_fields=["live_release", "endpoint_url"])
        return made

    def deploying(self, slug: str = "deploying") -> Deployment:
        made = self.released(slug, "Night batch", wanted=Wanted.ON)
        release = made.current_release
        assert release
        Deploy.objects.create(
            deployment=made, release=release, status=DeployStatus.RUNNING, created_at=self.ago(20), claim="w",
            heartbeat_at=self.now,
        )  # fmt: skip
        self.lease(made, "Ada")
        return made

    def lease(self, made: Deployment, who: str, *, user: Any = None, until: datetime | None = None) -> Lease:
        return Lease.objects.create(
            deployment=made, holder=user, holder_name=who, via="page", reason="Release notes", until=until,
            created_at=self.ago(600),
        )  # fmt: skip

    def run(self, made: Deployment, *, began_s: float, reached_s: float | None = None, **more: Any) -> Run:
        """A run first seen `began_s` ago that came `reached_s` far (None: to ready)."""
        number = made.runs.count() + 1
        reached = READY_S + 1 if reached_s is None else reached_s
        reachable = [name for name, at in PHASES.items() if at <= reached]
        made_run = Run.objects.create(
            account=self.account, deployment=made, release=made.current_release, number=number,
            container_id=f"ta-{made.slug}-{number}", cause="lease", lit_for="Ada", reason="Release notes",
            first_seen_at=self.ago(began_s), started_at=self.ago(began_s - 6) if reached > 6 else None,
            ready_at=self.ago(began_s - READY_S) if reached_s is None else None,
            phase="ready" if reached_s is None else reachable[-1], last_seen_at=self.now,
            **more,
        )  # fmt: skip
        for name in reachable:
            Phase.objects.create(run=made_run, name=name, started_at=self.ago(began_s - PHASES[name]))
        if reached_s is None:
            Phase.objects.create(run=made_run, name="ready", started_at=made_run.ready_at)
        return made_run

    def waking(self, slug: str = "waking", name: str = "GLM-5.2 FP8") -> Deployment:
        made = self.asleep(slug, name)
        self.lease(made, "Ada")
        run = self.run(
            made, began_s=109, reached_s=109, progress=0.62, progress_text="436 of 703.7 GiB, read ahead"
        )
        self.log(made, run)
        return made

    def ready(self, slug: str = "ready", name: str = "Coder") -> Deployment:
        made = self.asleep(slug, name, last_use_at=self.ago(420))
        self.lease(made, "Ada")
        self.lease(made, "Grace")
        for number in range(6):
            self.ended(made, began_s=90000 - number * 9000)
        run = self.run(made, began_s=2600, busy_s=1200.0)
        self.log(made, run)
        return made

    def ended(self, made: Deployment, *, began_s: float, end_reason: str = "idle") -> Run:
        return self.run(
            made, began_s=began_s, ended_at=self.ago(began_s - 3000), end_reason=end_reason, busy_s=1500.0,
            boot_usd=Decimal("2.72"), use_usd=Decimal("15.13"), idle_usd=Decimal("12.36"),
            gpu_usd=Decimal("29.40"), cpu_usd=Decimal("0.31"), memory_usd=Decimal("0.50"),
            cost_usd=Decimal("30.21"),
        )  # fmt: skip

    def degraded(self, slug: str = "degraded") -> Deployment:
        made = self.ready(slug, "Translations")
        made.degraded_since = self.ago(50)
        made.degraded_text = "4 of 9 requests failed in the last minute. HTTP 500 from the engine."
        made.save(update_fields=["degraded_since", "degraded_text"])
        return made

    def stopping(self, slug: str = "stopping") -> Deployment:
        made = self.ready(slug, "Summaries")
        made.leases.update(ended_at=self.now, end_reason="slept")
        made.stop_kind, made.stop_requested_at, made.stop_by = "sleep", self.ago(4), "Grace"
        made.stop_hard_at = self.now + timedelta(seconds=120)
        made.save(update_fields=["stop_kind", "stop_requested_at", "stop_by", "stop_hard_at"])
        return made

    def failed(self, slug: str = "failed") -> Deployment:
        made = self.released(slug, "GLM-5.2 long context")
        run = self.run(
            made, began_s=400, reached_s=140, ended_at=self.ago(243), end_reason="boot_failed",
            engine_error=LINES[-1], cost_usd=Decimal("1.50"), boot_usd=Decimal("1.50"), use_usd=Decimal(0),
            idle_usd=Decimal(0), gpu_usd=Decimal("1.47"), cpu_usd=Decimal("0.01"), memory_usd=Decimal("0.02"),
        )  # fmt: skip
        made.breaker_opened_at, made.breaker_reason, made.breaker_run = self.ago(240), "boot_died", run
        made.breaker_text = LINES[-1]
        made.save(update_fields=["breaker_opened_at", "breaker_reason", "breaker_run", "breaker_text"])
        self.log(made, run)
        return made

    def diagnosed(self, slug: str = "failed") -> Finding:
        """One that failed, its log read by the doctor: what is to be changed, and what came of it."""
        made = self.failed(slug)
        run = made.breaker_run
        assert run
        run.log_lines.all().delete()
        self.log(made, run, (*LINES[:4], TOO_LONG, "(APIServer pid=4) <b>RuntimeError: Engine core"))
        diagnosing.read_new(run, made)
        return made.findings.get(code="context-exceeds-cache")

    def blind(self) -> None:
        """The provider has not answered for ten minutes."""
        self.account.blind_since, self.account.last_error = self.ago(600), "503 Service Unavailable"
        self.account.save(update_fields=["blind_since", "last_error"])

    def in_flight(self, made: Deployment, who: str, count: int = 2, *, waiting: int = 0) -> None:
        InFlight.objects.create(
            process="gw-1", deployment=made, holder_name=who, count=count, waiting=waiting,
            updated_at=self.now,
        )  # fmt: skip

    def log(self, made: Deployment, run: Run | None, lines: tuple[str, ...] = LINES) -> None:
        first = LogLine.objects.count()
        LogLine.objects.bulk_create(
            LogLine(
                deployment=made, run=run, at=self.ago(100 - number), source=LogSource.ENGINE, text=text,
                level=level_of(text),
                fingerprint=f"{first + number}",
            )
            for number, text in enumerate(lines)
        )  # fmt: skip

    def action(
        self, made: Deployment | None, summary: str, *, who: str = "Ada", usd: str | None = None
    ) -> Action:
        return Action.objects.create(
            at=self.ago(60), actor_name=who, via="page", address="192.0.2.7", verb="start", deployment=made,
            summary=summary, usd=Decimal(usd) if usd else None,
        )  # fmt: skip
