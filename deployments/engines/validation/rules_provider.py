"""Rules about names and places that the provider refuses at the deploy."""

import posixpath
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePosixPath

from deployments.planning.outside import GPUS_A_CONTAINER

from ..registry import ENGINES
from .case import Case
from .finding import Fix, Level
from .rule import Hit, Rule
from .secrets import shown

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_MOUNT = ("/", "/root", "/tmp")  # noqa: S108  # places at the provider, not here
_STEPS = (
    *("RUN", "ENV", "COPY", "ADD", "WORKDIR", "USER", "ARG", "SHELL", "LABEL", "EXPOSE", "VOLUME"),
    *("FROM", "ENTRYPOINT", "CMD", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD"),
)


def _engine(case: Case) -> Iterator[Hit]:
    if case.spec.engine not in ENGINES:
        names = ", ".join(ENGINES)
        yield Hit("engine", f"There is no engine {case.spec.engine!r} here.", f"Choose {names}.")


def _model(case: Case) -> Iterator[Hit]:
    name = case.spec.model
    if name != name.strip() or not name.isprintable():
        bare = "".join(letter for letter in name if letter.isprintable()).strip()
        fix = Fix(f"Write {bare}.", {"model": bare}) if bare else None
        yield Hit("model", f"{name!r} is no name of a model.", "Write it as its owner does.", fix=fix)


def _names(case: Case) -> Iterator[Hit]:
    spec = case.spec
    named = [("app_name", spec.app_name), *(("secrets", name) for name in spec.secrets)]
    for field, name in [*named, *(("volumes", name) for name in spec.volumes.values())]:
        if not _NAME.fullmatch(name):
            cause = f"{shown(name)} is no name at the provider."
            yield Hit(field, cause, "Use 1 to 64 letters without accents, digits, dots, dashes, underscores.")


def _mounts(case: Case) -> Iterator[Hit]:
    for path in case.spec.volumes:
        plain = PurePosixPath(path).as_posix()
        if not path.startswith("/") or plain != posixpath.normpath(plain) or plain in _NO_MOUNT:
            cause = f"No volume can be kept at {shown(path)}."
            yield Hit("volumes", cause, "Write a whole path, for example /root/.cache/x.")


def _volume_twice(case: Case) -> Iterator[Hit]:
    names = list(case.spec.volumes.values())
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Hit("volumes", f"The volume {shown(name)} is named at two places.", "Name another one.")


def _variables(case: Case) -> Iterator[Hit]:
    for field, name, _ in case.environment():
        if name == "PILOTLIGHT_SPEC":
            cause = f"{name} is the panel's: it tells the container what to run."
            yield Hit(field, cause, "Remove it.", fix=case.less_variable(field, name))
        elif not _VARIABLE.fullmatch(name):
            cause = f"{shown(name)} is no name of a variable."
            yield Hit(field, cause, "Use letters, digits and underscores.")


def _gpu(case: Case) -> Iterator[Hit]:
    spec = case.spec
    asked = spec.gpu_type.rstrip("!+").upper()
    if not spec.gpu_count or ":" in asked:
        return
    most = GPUS_A_CONTAINER.get(asked)
    if most is None:
        close = get_close_matches(asked, GPUS_A_CONTAINER, n=1, cutoff=0.5)
        fix = Fix(f"Set gpu_type to {close[0]}.", {"gpu_type": close[0]}) if close else None
        remedy = f"Did you mean {close[0]}?" if close else f"Choose one of {', '.join(GPUS_A_CONTAINER)}."
        yield Hit("gpu_type", f"The provider documents no GPU {shown(spec.gpu_type)}.", remedy, fix=fix)
    elif spec.gpu_count > most:
        fix = Fix(f"Set gpu_count to {most}.", {"gpu_count": most})
        cause = f"{spec.gpu_count} × {spec.gpu_type} are asked for in one container; {most} are the most."
        yield Hit("gpu_count", cause, f"Ask for {most} or fewer.", fix=fix, level=Level.ERROR)


def _steps(case: Case) -> Iterator[Hit]:
    image, goes_on = case.spec.to_json()["image"], False
    for number, step in enumerate(case.spec.image.setup_commands):
        if "<<" in step:  # what follows is its text
            return
        word = step.strip().split(" ")[0].upper()
        is_step, goes_on = not goes_on and word[:1] not in ("", "#"), step.rstrip().endswith("\\")
        if is_step and word not in _STEPS:
            steps = list(image["setup_commands"])
            steps[number] = f"RUN {step.strip()}"
            fix = Fix("Put RUN before it.", {"image": image | {"setup_commands": steps}})
            cause = f"The step {shown(step)} begins with no instruction of a Dockerfile."
            yield Hit("image", cause, "Write RUN before a command.", fix=fix)


_BUILT = "Modal 1.6.4, Image.from_registry: setup_dockerfile_commands"

RULES = (
    Rule("engine", Level.ERROR, "Nothing could be deployed.", "The engines of the panel", _engine),
    Rule(
        "model-name",
        Level.ERROR,
        "No weights are found under it.",
        "Hugging Face, names of repositories",
        _model,
    ),
    Rule("provider-name", Level.ERROR, "The deploy would fail.", "Modal 1.6.4, check_object_name", _names),
    Rule("mount", Level.ERROR, "The deploy would fail.", "Modal 1.6.4, validate_mount_points", _mounts),
    Rule(
        "volume-twice",
        Level.ERROR,
        "The provider mounts one at one place.",
        "Modal 1.6.4, volumes of a function",
        _volume_twice,
    ),
    Rule("variable", Level.ERROR, "The engine could not be started.", "POSIX, environment", _variables),
    Rule("gpu-known", Level.WARNING, "A deploy may fail.", "Modal's guide of GPUs", _gpu),
    Rule("image-step", Level.ERROR, "The image could not be built.", _BUILT, _steps),
)
