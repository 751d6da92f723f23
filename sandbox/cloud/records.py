"""What the cloud remembers: plain rows, stored as JSON. Times are seconds since the epoch (wall)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from modal_proto import api_pb2 as pb


@dataclass(slots=True)
class Environment:
    """A Modal environment and its monthly budget in USD (None: none set)."""

    id: str
    name: str
    created_at: float
    budget_usd: str | None = None


@dataclass(slots=True)
class Version:
    """One deployment in an app's history."""

    version: int
    deployed_at: float
    tag: str
    client_version: str
    functions: dict[str, str]
    definitions: dict[str, str]
    rollback_of: int = 0


@dataclass(slots=True)
class App:
    """An app; `functions` maps a function's name to its id."""

    id: str
    name: str
    environment: str
    state: int
    created_at: float
    stopped_at: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    history: list[Version] = field(default_factory=list)

    @property
    def deployed(self) -> bool:
        """Whether its URLs answer and its functions can be called."""
        return self.state == pb.APP_STATE_DEPLOYED


@dataclass(slots=True)
class Function:
    """A function of an app; what it is made of lies in its definitions."""

    id: str
    app_id: str
    name: str
    function_type: int
    label: str = ""
    url: str = ""
    schema: str = ""
    formats: list[list[int]] = field(default_factory=lambda: [[], []])
    newest_definition: str = ""
    live_definition: str = ""
    override: str = ""


@dataclass(slots=True)
class Definition:
    """One version of a function: the SDK's `Function` message, base64."""

    id: str
    function_id: str
    message: str

    def proto(self) -> pb.Function:
        """The message that FunctionCreate carried."""
        return pb.Function.FromString(base64.b64decode(self.message))


@dataclass(slots=True)
class Container:
    """One life of a container. Not started is 0.0, and so is not finished."""

    id: str
    app_id: str
    function_id: str
    definition_id: str
    enqueued_at: float
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int | None = None
    gpu_type: str = ""
    gpu_count: int = 0
    cpu_cores: str = "0"
    memory_gib: str = "0"
    stranger: bool = False
    stopped: bool = False


@dataclass(slots=True)
class Secret:
    """A named secret, or the nameless one that carries a function's `env`."""

    id: str
    name: str
    environment: str
    created_at: float
    updated_at: float
    values: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Volume:
    """A named volume; its files lie below `volumes/<id>`."""

    id: str
    name: str
    environment: str
    created_at: float


@dataclass(slots=True)
class Image:
    """One layer: its Dockerfile lines (never run), and the environment that it and its bases set."""

    id: str
    lines: list[str]
    environment: dict[str, str]
    built: bool = False


@dataclass(slots=True)
class Mount:
    """Files that the SDK sent: path in the container to the SHA-256 of the content."""

    id: str
    files: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ProxyToken:
    """A `Modal-Key` and `Modal-Secret` pair that lets a client through to protected URLs."""

    id: str
    secret: str = field(repr=False)
    name: str = ""
    created_at: float = 0.0
    environments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """A spawned call that has ended, with its result message, base64."""

    id: str
    function_id: str
    app_id: str
    created_at: float
    finished_at: float
    result: str
    data_format: int
    container_id: str = ""


def packed(message: pb.Function | pb.GenericResult | pb.AutoscalerSettings | pb.FunctionSchema) -> str:
    """`message` as text for a row."""
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()
