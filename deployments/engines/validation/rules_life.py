"""Rules about limits, the image, the volumes, and what the panel has to be able to read."""

import re
from collections.abc import Iterator

from .case import Case
from .finding import Fix, Level
from .rule import Hit, Rule

# Beside the sequences a container has to take health checks, a warm-up and waiting requests.
ROOM = 8
_QUIET = ("critical", "error", "warning")
_CACHES = {
    "/root/.cache/huggingface": "The weights would be downloaded at every start, on billed GPUs.",
    "/root/.cache/vllm": "Compiled code would be made again at every start.",
    "/root/.cache/flashinfer": "The first FlashInfer build took 87 s from an empty cache.",
}

_REMOVES_IT = (
    "RUN rm -f /usr/local/lib/python3*/dist-packages/typing_extensions.py"
    " /usr/lib/python3*/dist-packages/typing_extensions.py"
)


def _inputs(case: Case) -> Iterator[Hit]:
    inputs, sequences = case.spec.max_inputs, case.spec.max_num_seqs
    wanted = sequences + ROOM
    fix = Fix(f"Set max_inputs to {wanted}.", {"max_inputs": wanted})
    if inputs < sequences:
        cause = f"A container takes {inputs} requests, and the engine could answer {sequences}."
        yield Hit("max_inputs", cause, f"Set max_inputs to {wanted}.", "--max-num-seqs", fix, Level.ERROR)
    elif inputs < wanted:
        cause = f"{inputs} leaves no room beside {sequences} requests for health checks and a warm-up."
        yield Hit("max_inputs", cause, f"Set max_inputs to {wanted}.", "--max-num-seqs", fix)


def _startup(case: Case) -> Iterator[Hit]:
    limit, p99 = case.spec.startup_timeout_s, case.context.boot_p99_s
    known, who = (
        (p99, "99 of 100 starts took")
        if p99 is not None
        else (case.spec.expected_boot_s, "A start is expected to take")
    )
    wanted = min(86400, -(-int(known * 2) // 60) * 60)
    fix = Fix(f"Set startup_timeout_s to {wanted}.", {"startup_timeout_s": wanted})
    remedy = f"Set startup_timeout_s to {wanted}."
    if limit < known:
        cause = f"{who} up to {known:.0f} s, and the limit is {limit} s."
        yield Hit("startup_timeout_s", cause, remedy, fix=fix)
    elif limit < known * 1.3:
        cause = f"{who} up to {known:.0f} s, close to the limit of {limit} s."
        yield Hit("startup_timeout_s", cause, remedy, fix=fix, level=Level.WARNING)


def _idle(case: Case) -> Iterator[Hit]:
    window = case.spec.idle_window_s
    if not 2 <= window <= 3600:
        fix = Fix("Set idle_window_s to 900.", {"idle_window_s": 900})
        cause = f"{window} s: the provider takes 2 to 3600."
        yield Hit("idle_window_s", cause, "Choose 900 or so.", fix=fix, level=Level.ERROR)
    elif window < case.spec.expected_boot_s / 4:
        cause = f"{window} s is short against a start of {case.spec.expected_boot_s:.0f} s."
        yield Hit("idle_window_s", cause, "Choose at least a quarter of a start.")


def _cut_requests(case: Case) -> Iterator[Hit]:
    if case.spec.request_timeout_s < 600:
        fix = Fix("Set request_timeout_s to 86400.", {"request_timeout_s": 86400})
        cause = f"A request may take {case.spec.request_timeout_s} s."
        yield Hit("request_timeout_s", cause, "Set it to 86400, a day.", fix=fix)


def _silence(case: Case) -> Iterator[Hit]:
    for given in case.typed("disable_log_stats", "uvicorn_log_level", "log_level"):
        quiet = given.flag is not None and (given.flag.nargs == 0 or given.value.lower() in _QUIET)
        if given.flag is not None and quiet:
            cause = f"{given.flag.name} silences lines that the panel reads."
            yield Hit("extra_flags", cause, "Remove it.", given.flag.name, case.without(given))
    for field, name, value in case.environment():
        levels = name == "VLLM_LOGGING_LEVEL" and value.lower() in _QUIET
        if levels or (name == "VLLM_CONFIGURE_LOGGING" and value == "0"):
            cause = f"{name} silences lines that the panel reads."
            yield Hit(field, cause, "Remove it.", fix=case.less_variable(field, name))


def _cpu_cache(case: Case) -> Iterator[Hit]:
    for field, name, value in case.environment():
        if name == "VLLM_CPU_KVCACHE_SPACE" and not (value.isascii() and value.isdigit()):
            yield Hit(
                field, f"{name} is a whole number of GiB.", "Correct it.", fix=case.less_variable(field, name)
            )


def _image(case: Case) -> Iterator[Hit]:
    reference = case.spec.image.reference
    last = reference.rsplit("/", 1)[-1]
    if "@sha256:" not in reference and (":" not in last or last.endswith(":latest")):
        version = case.catalogue.version
        tagged = f"{reference.removesuffix(':latest')}:v{version}"
        fix = Fix(f"Write {tagged}.", {"image": case.spec.to_json()["image"] | {"reference": tagged}})
        yield Hit(
            "image", f"{reference} names no version.", f"Write a tag, for example :v{version}.", fix=fix
        )


def _image_version(case: Case) -> Iterator[Hit]:
    found = re.search(r":v?(\d+\.\d+\.\d+)", case.spec.image.reference)
    if found and found[1] != case.spec.engine_version and "vllm" in case.spec.image.reference:
        fix = Fix(f"Set engine_version to {found[1]}.", {"engine_version": found[1]})
        cause = f"The image holds {found[1]}, and engine_version says {case.spec.engine_version}."
        yield Hit("engine_version", cause, f"Set engine_version to {found[1]}.", fix=fix)


def _shadowed(case: Case) -> Iterator[Hit]:
    image = case.spec.image
    if "glm52" not in image.reference:
        return
    if not any("typing_extensions" in step for step in image.setup_commands):
        cause = "The image's own typing_extensions.py hides the package that is installed over it."
        image_now = case.spec.to_json()["image"]
        steps = [*image_now["setup_commands"], _REMOVES_IT]
        fix = Fix("Add that step.", {"image": image_now | {"setup_commands": steps}})
        yield Hit("image", cause, "Add the step that removes that file, as the preset does.", fix=fix)


def _volumes(case: Case) -> Iterator[Hit]:
    for path, reason in _CACHES.items():
        if path not in case.spec.volumes:
            level = Level.WARNING if "huggingface" in path else Level.ADVICE
            name = f"{path.rsplit('/', 1)[-1]}-cache"
            fix = Fix(f"Keep {name} there.", {"volumes": {**case.spec.volumes, path: name}})
            cause = f"No volume is kept at {path}. {reason}"
            yield Hit("volumes", cause, "Name one.", fix=fix, level=level)


def _snapshot(case: Case) -> Iterator[Hit]:
    if case.spec.gpu_snapshot:
        fix = Fix("Turn GPU snapshots off.", {"gpu_snapshot": False})
        cause = f"GPU snapshots are an experiment of the provider, used here with {case.spec.gpu_count} GPUs."
        yield Hit("gpu_snapshot", cause, "Turn them off unless you try them out.", fix=fix)


def _region(case: Case) -> Iterator[Hit]:
    if case.spec.region:
        fix = Fix("Remove the region.", {"region": None})
        yield Hit("region", f"Region {case.spec.region} is pinned.", "Leave it empty.", fix=fix)


def _gpu(case: Case) -> Iterator[Hit]:
    kind, colon, count = case.spec.gpu_type.partition(":")
    if colon:
        patch = {"gpu_type": kind} | ({"gpu_count": int(count)} if re.fullmatch("[0-8]", count) else {})
        cause = f"{case.spec.gpu_type} says type and count at once."
        yield Hit("gpu_type", cause, "Write the count under gpu_count.", fix=Fix("Write them apart.", patch))


def _nearest(case: Case) -> Iterator[Hit]:
    asked, have = case.spec.engine_version, case.catalogue.version
    if asked != have:
        cause = f"The flags of vLLM {asked} are not known here; those of {have} were used."
        yield Hit("engine_version", cause, "Add them: manage.py add_catalogue, or choose a known version.")


RULES = (
    Rule(
        "inputs-and-sequences",
        Level.WARNING,
        "Modal's limit is a hard one.",
        "Modal 1.6.4, @modal.concurrent",
        _inputs,
    ),
    Rule(
        "startup-limit",
        Level.ERROR,
        "The provider ends a start there, and all of it was paid for.",
        "Modal 1.6.4: startup_timeout of the function",
        _startup,
    ),
    Rule(
        "idle-window",
        Level.WARNING,
        "Most requests would begin with a cold start.",
        "Modal 1.6.4: scaledown_window 2 to 3600",
        _idle,
    ),
    Rule(
        "request-limit",
        Level.WARNING,
        "Long answers are cut there.",
        "Modal 1.6.4: timeout is per input",
        _cut_requests,
    ),
    Rule(
        "silences-panel",
        Level.WARNING,
        "It could not tell phases, readiness or traffic.",
        "The panel reads the engine's log",
        _silence,
    ),
    Rule("cpu-cache", Level.ERROR, "The engine dies on anything else.", "vLLM 0.32 on a CPU", _cpu_cache),
    Rule(
        "unpinned-image", Level.WARNING, "Two starts may bring two engines.", "Container registries", _image
    ),
    Rule(
        "image-version",
        Level.WARNING,
        "The flags were checked against the wrong version.",
        "vllm/vllm-openai tags",
        _image_version,
    ),
    Rule(
        "shadowed-module",
        Level.ERROR,
        "The engine dies with an ImportError of Sentinel.",
        "The published GLM-5.2 recipe, first post-mortem",
        _shadowed,
    ),
    Rule("no-volume", Level.ADVICE, "", "Seen on an H200 with empty caches", _volumes),
    Rule(
        "pinned-region",
        Level.ADVICE,
        "That multiplies the price by 1.5 to 1.75.",
        "Modal's price list",
        _region,
    ),
    Rule("gpu-type", Level.ERROR, "The provider would be asked for no known GPU.", "Modal 1.6.4: gpu=", _gpu),
    Rule(
        "gpu-snapshot",
        Level.WARNING,
        "They are not known to work with eight.",
        "Modal 1.6.4: experimental_options, enable_gpu_snapshot",
        _snapshot,
    ),
    Rule("nearest-catalogue", Level.WARNING, "", "The catalogues in use", _nearest),
)
