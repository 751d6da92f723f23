"""Where a new deployment may begin."""

from dataclasses import dataclass

from deployments.planning.power import Actor
from deployments.planning.presets import PRESETS_BY_SLUG
from deployments.planning.spec import Spec, SpecError
from deployments.services.status import visible


@dataclass(frozen=True, slots=True)
class Origin:
    """One place to begin: `value` for the address, and what is read of it."""

    value: str
    title: str
    words: str
    hardware: str
    sources: tuple[str, ...] = ()


def origins(actor: Actor) -> dict[str, list[Origin]]:
    """Presets, and the deployments that can be copied."""
    presets = [
        Origin(f"preset:{one.slug}", one.title, one.words, _hardware(one.spec), one.sources)
        for one in PRESETS_BY_SLUG.values()
    ]
    copies = [Origin(f"copy:{row.slug}", row.name, row.slug, _of(row.config)) for row in visible(actor)]
    return {"presets": presets, "copies": copies}


def _of(config: dict[str, object]) -> str:
    try:
        return _hardware(Spec.from_json(config))
    except SpecError:
        return ""


def _hardware(spec: Spec) -> str:
    return f"{spec.gpu_count} × {spec.gpu_type}" if spec.gpu_count else "no GPU"
