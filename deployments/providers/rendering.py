"""A spec as the document that the deployed module reads."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from deployments.engines.registry import engine_for
from deployments.planning.spec import Spec

WEIGHTS_PATH = "/root/.cache/huggingface"
HUGGINGFACE_SECRET = "huggingface"  # noqa: S105  # the name of a secret

_MODULE = Path(__file__).with_name("modal_app.py")

# The download's machine. A checkpoint of 700 GiB in about 20 minutes keeps a few cores busy; Modal bills
# these at cents. 24 h is the longest that Modal lets a call run.
_DOWNLOAD_CORES = 4.0
_DOWNLOAD_MEMORY_MIB = 16384
_DOWNLOAD_TIMEOUT_S = 86400


@lru_cache(maxsize=1)
def module_source() -> str:
    """The text of the one file that runs at the provider."""
    return _MODULE.read_text()


def spec_document(spec: Spec, slug: str, release: int) -> dict[str, Any]:
    """What goes into PILOTLIGHT_SPEC: JSON-ready, complete, and without a secret's value.

    Raises SpecError for a spec that its engine cannot run.
    """
    command = engine_for(spec.engine).command(spec)
    return {
        "app_name": spec.app_name,
        "slug": slug,
        "release": release,
        "image": {
            "reference": spec.image.reference,
            "setup_commands": list(spec.image.setup_commands),
            "pip": list(spec.image.pip),
            "environment": dict(spec.image.environment),
        },
        "argv": list(command.argv),
        "environment": dict(command.environment),
        "secrets": list(spec.secrets),
        "volumes": dict(spec.volumes),
        **_hardware(spec),
        "idle_window_s": spec.idle_window_s,
        "startup_timeout_s": spec.startup_timeout_s,
        "request_timeout_s": spec.request_timeout_s,
        "max_inputs": spec.max_inputs,
        "gpu_snapshot": spec.gpu_snapshot,
        "download": _download(spec),
    }


def _hardware(spec: Spec) -> dict[str, Any]:
    return {
        "gpu": f"{spec.gpu_type}:{spec.gpu_count}" if spec.gpu_count else None,
        "cpu_cores": spec.cpu_cores,
        "memory_mib": None if spec.memory_gib is None else round(spec.memory_gib * 1024),
        "region": spec.region,
    }


def _download(spec: Spec) -> dict[str, Any]:
    revision = ["--revision", spec.revision] if spec.revision else []
    return {
        "argv": ["hf", "download", spec.model, *revision],
        "secrets": [name for name in spec.secrets if name == HUGGINGFACE_SECRET],
        "cpu_cores": _DOWNLOAD_CORES,
        "memory_mib": _DOWNLOAD_MEMORY_MIB,
        "timeout_s": _DOWNLOAD_TIMEOUT_S,
    }
