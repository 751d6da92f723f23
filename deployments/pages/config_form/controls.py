"""Every setting as a control: what it is called in plain words, the flag behind it, its default. Data."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a value is typed, and what it is read as."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    SHARE = "share"
    SECONDS = "seconds"
    CHOICE = "choice"
    SWITCH = "switch"
    WORDS = "words"
    LINES = "lines"
    OBJECT = "object"
    PAIRS = "pairs"
    FLAGS = "flags"
    NOTES = "notes"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `name` is the setting's path with dots; `flag` the engine's flag or the provider's name;
    `default` says in words what holds where it is left empty; `options` names a list of `options.py`."""

    name: str
    label: str
    kind: Kind
    flag: str = ""
    hint: str = ""
    default: str = ""
    unit: str = ""
    options: str = ""
    wide: bool = False
    needed: bool = False
    mono: bool = False
    pair: tuple[str, str] = ("", "")

    @property
    def key(self) -> str:
        """The name as part of an id."""
        return self.name.replace(".", "-").replace("_", "-")

    @property
    def path(self) -> tuple[str, ...]:
        """Where its value stands in a document."""
        return tuple(self.name.split("."))

    @property
    def setting(self) -> str:
        """The setting of the spec that it is, or is a part of."""
        return self.path[0]

    @property
    def is_rows(self) -> bool:
        """Whether it is a list of rows of two fields."""
        return self.kind in (Kind.PAIRS, Kind.FLAGS)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. `rarely` are the controls that few people need; they are folded away."""

    key: str
    title: str
    words: str
    controls: tuple[Control, ...]
    rarely: tuple[Control, ...] = ()
    rarely_title: str = ""

    @property
    def all(self) -> tuple[Control, ...]:
        """Folded ones too."""
        return self.controls + self.rarely


K = Kind
PEOPLE = Section(
    "people",
    "Name and owner",
    "What people read. Changes here hold at once; nothing has to be released.",
    (
        Control("name", "Name", K.TEXT, needed=True),
        Control(
            "owner_id", "Owner", K.CHOICE, options="people", default="nobody", hint="Who to ask about it."
        ),
        Control(
            "member_cap_usd",
            "A member’s start may cost",
            K.MONEY,
            unit="$ at most",
            default="no cap",
            hint="As quoted: the cold start and one idle window. Operators are free of it.",
        ),
        Control("notes", "Notes", K.NOTES, wide=True, hint="What it is for, and what others should know."),
    ),
)
MODEL = Section(
    "model",
    "Model",
    "",
    (
        Control(
            "model", "Weights", K.TEXT, "vllm serve MODEL", "A repository of the hub, or a path.",
            wide=True, needed=True, mono=True,
        ),
        Control(
            "served_name", "Name for clients", K.TEXT, "--served-model-name",
            "What programs write as model.", needed=True, mono=True,
        ),
        Control(
            "revision", "Revision", K.TEXT, "--revision", "A commit or a tag of the repository.",
            default="the newest", mono=True,
        ),
        Control(
            "checkpoint_gib", "Size of the weights", K.NUMBER, unit="GiB", default="counted from the model",
            hint="As the engine prints it; the memory estimate rests on it.",
        ),
        Control(
            "trust_remote_code", "Run the code of the model’s repository", K.SWITCH, "--trust-remote-code",
            "Some models come with Python of their own. It sees every prompt.", wide=True,
        ),
    ),
)  # fmt: skip
ENGINE = Section(
    "engine",
    "Engine and image",
    "",
    (
        Control("engine", "Engine", K.CHOICE, options="engines"),
        Control(
            "engine_version", "Version", K.CHOICE, options="versions",
            hint="Flags are checked against its list.",
        ),
        Control(
            "image.reference", "Image", K.TEXT, "Image.from_registry", "With a tag, so that two starts bring"
            " the same engine.", wide=True, needed=True, mono=True,
        ),
    ),
    (
        Control(
            "image.setup_commands", "Steps on top of the image", K.LINES, "setup_dockerfile_commands",
            "One a line, as in a Dockerfile.", default="none", wide=True, mono=True,
        ),
        Control(
            "image.pip", "Python packages", K.LINES, "pip_install", "One a line.", default="none", wide=True,
            mono=True,
        ),
        Control(
            "image.environment", "Environment of the image", K.PAIRS, "Image.env", wide=True,
            pair=("Name", "Value"),
            hint="A change here builds the image anew; variables of the server are further down.",
        ),
    ),
    "Steps, packages and variables of the image",
)  # fmt: skip
HARDWARE = Section(
    "hardware",
    "Hardware",
    "",
    (
        Control("gpu_type", "GPU", K.CHOICE, "gpu", options="gpus", needed=True),
        Control(
            "gpu_count", "How many", K.WHOLE, "--tensor-parallel-size", unit="GPUs", needed=True,
            hint="0 to 8 in one container.",
        ),
        Control(
            "region", "Region", K.TEXT, "region", "Pinning one multiplies the price by 1.5 to 1.75.",
            default="any",
        ),
    ),
    (
        Control("cpu_cores", "CPU requested", K.NUMBER, "cpu", unit="cores", default="the provider’s, 0.125"),
        Control(
            "memory_gib", "Memory requested", K.NUMBER, "memory", unit="GiB", default="the provider’s, 0.125"
        ),
    ),
    "CPU and main memory",
)  # fmt: skip
SERVING = Section(
    "serving",
    "Context and memory",
    "",
    (
        Control(
            "max_model_len", "Longest context", K.WHOLE, "--max-model-len", unit="tokens",
            default="the model’s own",
        ),
        Control("max_num_seqs", "Requests at once", K.WHOLE, "--max-num-seqs", unit="in the engine"),
        Control(
            "gpu_memory_utilization", "GPU memory to use", K.SHARE, "--gpu-memory-utilization",
            unit="of each",
        ),
        Control(
            "kv_cache_dtype", "Cache type", K.CHOICE, "--kv-cache-dtype", options="kv_dtypes",
            default="the model’s own", hint="fp8 takes half the room of each token.",
        ),
        Control(
            "eager", "Start without compiling", K.SWITCH, "--enforce-eager",
            "Eager mode: ready much sooner, answers somewhat slower.", wide=True,
        ),
    ),
    (
        Control(
            "speculative.method", "Method", K.TEXT, "--speculative-config", options="spec_methods",
            default="no speculation", mono=True,
        ),
        Control("speculative.num_speculative_tokens", "Tokens guessed ahead", K.WHOLE, unit="tokens"),
        Control(
            "speculative.more", "More of it", K.OBJECT, hint="As JSON, for example {\"model\": \"…\"}.",
            wide=True, mono=True,
        ),
    ),
    "Speculative decoding",
)  # fmt: skip
ANSWERS = Section(
    "answers",
    "Tools and reasoning",
    "Which format the model writes its tool calls and its reasoning in.",
    (
        Control(
            "tool_call_parser", "Tool calls", K.TEXT, "--tool-call-parser", options="tool_parsers",
            default="off", mono=True,
        ),
        Control(
            "reasoning_parser", "Reasoning", K.TEXT, "--reasoning-parser", options="reasoning_parsers",
            default="off", mono=True,
        ),
    ),
)  # fmt: skip
LOADING = Section(
    "loading",
    "Loading and volumes",
    "",
    (
        Control(
            "load_strategy", "Loading of weights", K.CHOICE, "--safetensors-load-strategy",
            options="load_strategies", default="the engine’s own",
        ),
        Control(
            "volumes", "Volumes", K.PAIRS, "volumes", "What is kept from one start to the next.",
            wide=True, pair=("Path in the container", "Volume at the provider"), default="none",
        ),
    ),
)  # fmt: skip
FLAGS = Section(
    "flags",
    "Every other flag",
    "Any flag of this version. Type a part of its name.",
    (Control("extra_flags", "More flags", K.FLAGS, wide=True, pair=("Flag", "Value"), default="none"),),
)
ENVIRONMENT = Section(
    "environment",
    "Environment and secrets",
    "",
    (
        Control(
            "environment", "Environment", K.PAIRS, "env", "Everybody may read these. Keys and tokens go"
            " into a secret.", wide=True, pair=("Name", "Value"), default="none",
        ),
        Control(
            "secrets", "Secrets at the provider, by name", K.WORDS, "secrets", wide=True, mono=True,
            hint="The panel writes vllm-api-key and huggingface itself.", default="none",
        ),
    ),
)  # fmt: skip
LIFE = Section(
    "life",
    "Life and limits",
    "Seconds, or with a unit: 15 min, 1 h.",
    (
        Control("idle_window_s", "Goes out when idle for", K.SECONDS, "scaledown_window"),
        Control("startup_timeout_s", "Gives up a start after", K.SECONDS, "startup_timeout"),
        Control("max_inputs", "Requests at once", K.WHOLE, "max_inputs", unit="in the container"),
        Control("request_timeout_s", "Longest request", K.SECONDS, "timeout"),
        Control("drain_limit_s", "Waits for requests when put out", K.SECONDS),
        Control(
            "warm_up", "Warm up right after ready", K.SWITCH, wide=True,
            hint="A few short requests of the panel, so that nobody waits for the first ones.",
        ),
        Control(
            "gpu_snapshot", "GPU snapshots (experimental)", K.SWITCH, "enable_gpu_snapshot", wide=True,
            hint="The provider keeps the GPUs’ memory for the next start. Not known to work with 8 GPUs.",
        ),
    ),
)  # fmt: skip
PANEL = Section(
    "panel",
    "What the panel goes by",
    "Until own starts say better.",
    (
        Control(
            "app_name",
            "App at the provider",
            K.TEXT,
            "modal.App",
            needed=True,
            mono=True,
            hint="Its own, not shared with another deployment.",
        ),
    ),
    (
        Control("expected_boot_s", "Cold start expected", K.SECONDS),
        Control("expected_download_s", "Download expected", K.SECONDS),
        Control("expected_cpu_cores", "CPU it is priced with", K.NUMBER, unit="cores"),
        Control("expected_memory_gib", "Memory it is priced with", K.NUMBER, unit="GiB"),
    ),
    "Expected times and use",
)
SECTIONS = (
    PEOPLE, MODEL, ENGINE, HARDWARE, SERVING, ANSWERS, LOADING, FLAGS, ENVIRONMENT, LIFE, PANEL
)  # fmt: skip
CONTROLS: dict[str, Control] = {control.name: control for section in SECTIONS for control in section.all}


def control_of(field: str) -> Control | None:
    """The control at which something about a setting of this name is said; None where there is none."""
    first = {"image": "image.reference", "speculative": "speculative.method", "owner": "owner_id"}
    return CONTROLS.get(first.get(field, field))


def controls_of(setting: str) -> list[Control]:
    """Every control of a setting: several for the image and for speculation."""
    return [control for control in CONTROLS.values() if control.setting == setting]
