"""What the fake provider holds: apps, their containers and the requests at them."""

from dataclasses import dataclass, field
from datetime import datetime

from deployments.planning.spec import Spec
from deployments.providers.base import LogEntry

# What a healthy boot prints, by the part of the boot that has passed.
BOOT_LINES: tuple[tuple[float, str], ...] = (
    (0.05, "(APIServer pid=7) INFO 11-24 03:00:00 [model.py:33] Resolved architecture: GlmMoeDsaForCausalLM"),
    (0.10, "(Worker pid=9) INFO 11-24 03:00:10 [gpu_model_runner.py:3100] Starting to load model glm..."),
    (0.30, "Prefetching checkpoint files:  50% (71/142)"),
    (
        0.60,
        "(Worker pid=9) INFO 11-24 03:02:00 [run.py:3] Model loading took 94.46 GiB memory and 61 seconds",
    ),
    (0.70, "DeepGEMM warmup:  50%|█████     | 1080/2161 [00:30<00:30, 36.00it/s]"),
    (
        0.95,
        "(EngineCore pid=8) INFO 11-24 03:04:00 [core.py:200] init engine (profile, warmup model) took 60 s",
    ),
    (1.00, "(APIServer pid=7) INFO:     Application startup complete."),
)


@dataclass
class FakeApp:
    """An app as deployed. `tag` is the release's number, `starts` counts its containers."""

    app_id: str
    name: str
    spec: Spec
    slug: str
    tag: int
    deployed_at: datetime
    logs: list[LogEntry] = field(default_factory=list)
    stopped: bool = False

    @property
    def url(self) -> str:
        """The web address of its `serve` function."""
        return f"https://fake--{self.name}-serve.modal.invalid"


@dataclass
class FakeContainer:
    """A container. `boot_s` None boots for ever."""

    container_id: str
    app: FakeApp
    enqueued_at: datetime
    started_at: datetime
    ready_at: datetime | None
    gpu_count: int
    last_use: datetime | None = None
    told: int = 0
    finished_at: datetime | None = None


@dataclass
class FakeInput:
    """A request that waits for, or is worked on by, the app's container."""

    app: FakeApp
    wake: bool
    done: bool = False
    lost: str = ""
