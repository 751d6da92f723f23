"""The frozen plain value that everything about a deployment is built from."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from .checks import SpecError, check_storable, check_values, pairs, texts

__all__ = ["Image", "Spec", "SpecError"]


@dataclass(frozen=True, slots=True)
class Image:
    """The container image: a registry reference and the steps on top of it."""

    reference: str
    setup_commands: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spec:
    """A server: model, image, hardware, engine settings, scaling. Durations in seconds of life.

    `cpu_cores` and `memory_gib` are requests to the provider (None: its default); `expected_*` are what a
    run is priced with where nothing is requested, since the provider bills what is used. `gpu_snapshot` asks
    the provider to keep the GPUs' memory for the next start: an experiment of theirs.
    """

    app_name: str
    model: str
    served_name: str
    image: Image
    gpu_type: str
    gpu_count: int
    engine: str = "vllm"
    engine_version: str = "0.33.0"
    revision: str | None = None
    checkpoint_gib: float | None = None
    cpu_cores: float | None = None
    memory_gib: float | None = None
    expected_cpu_cores: float = 1.0
    expected_memory_gib: float = 4.0
    region: str | None = None
    max_model_len: int | None = None
    max_num_seqs: int = 32
    gpu_memory_utilization: str = "0.92"
    kv_cache_dtype: str | None = None
    speculative: Mapping[str, Any] | None = None
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    load_strategy: str | None = "prefetch"
    eager: bool = False
    trust_remote_code: bool = False
    extra_flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ("huggingface", "vllm-api-key")
    volumes: Mapping[str, str] = field(default_factory=dict)
    idle_window_s: int = 900
    startup_timeout_s: int = 3600
    request_timeout_s: int = 86400
    max_inputs: int = 40
    gpu_snapshot: bool = False
    drain_limit_s: int = 120
    expected_boot_s: float = 275.0
    expected_download_s: float = 1200.0

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field; `from_json` gives an equal spec back."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))  # lists, as they come back from a row
        return plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Spec":
        """The spec of a JSON object. Raises SpecError naming the first field that is unknown or wrong."""
        known = {f.name for f in fields(cls)}
        for name in data:
            if name not in known:
                raise SpecError(name, "is not a setting; remove it or correct its name.")
            check_storable(name, data[name])
        values = dict(data)
        values["image"] = _image(values.get("image"))
        for name in ("extra_flags", "secrets"):
            if name in values:
                values[name] = texts(name, values[name])
        for name in ("environment", "volumes"):
            if name in values:
                values[name] = pairs(name, values[name])
        try:
            spec = cls(**values)
        except TypeError:
            raise SpecError(_first_missing(values), "is needed; give it a value.") from None
        spec.check()
        return spec

    @classmethod
    def draft(cls, data: Mapping[str, Any]) -> "Spec":
        """The spec of a JSON object with every field, whose kinds are right and which is not checked: to be
        judged while somebody types, and for nothing else."""
        given = data["image"].items()
        image: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in given}
        lists = {name: tuple(data[name]) for name in ("extra_flags", "secrets")}
        return cls(**{**data, **lists, "image": Image(**image)})

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The settings that need no value, with the one that they have then, as in JSON."""
        given = {f.name: f.default for f in fields(cls) if f.default is not MISSING}
        made = {f.name: f.default_factory() for f in fields(cls) if f.default_factory is not MISSING}
        plain: dict[str, Any] = json.loads(json.dumps(given | made))
        return plain

    def check(self) -> None:
        """Raise SpecError for a value that the provider or the engine would refuse outright."""
        check_values({f.name: getattr(self, f.name) for f in fields(self)})
        if self.speculative is not None and not isinstance(self.speculative, Mapping):
            raise SpecError(
                "speculative", 'is not an object; write it as {"method": ...}, or leave it empty.'
            )
        if self.max_inputs < self.max_num_seqs:
            raise SpecError(
                "max_inputs", f"is {self.max_inputs}; choose at least max_num_seqs, {self.max_num_seqs}."
            )


def _image(value: Any) -> Image:
    if not isinstance(value, Mapping) or not value.get("reference"):
        raise SpecError("image", "needs a reference, for example vllm/vllm-openai:v0.33.0.")
    known = {f.name for f in fields(Image)}
    for name in value:
        if name not in known:
            raise SpecError("image", f"{name} is not a setting of an image; remove it or correct its name.")
    if not isinstance(value["reference"], str):
        raise SpecError("image", "reference is no text; write, for example, vllm/vllm-openai:v0.33.0.")
    return Image(
        reference=value["reference"],
        setup_commands=texts("image", value.get("setup_commands", ())),
        pip=texts("image", value.get("pip", ())),
        environment=pairs("image", value.get("environment", {})),
    )


def _first_missing(values: Mapping[str, Any]) -> str:
    needed = ("app_name", "model", "served_name", "image", "gpu_type", "gpu_count")
    return next((name for name in needed if name not in values), "spec")
