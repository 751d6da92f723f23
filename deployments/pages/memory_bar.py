"""One GPU's memory as a stacked bar. Pure geometry; the template draws it."""

from dataclasses import dataclass

from deployments.planning.memory.fit import Fit

WIDTH = 1000
_GAP = 2.0  # between two parts, so that they are told apart without colour


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar, in the bar's units, and its line in the legend."""

    css: str
    label: str
    gib: float
    x: str
    width: str


def parts_of(fit: Fit) -> tuple[Part, ...]:
    """Weights, reserve, graphs, cache, and what the engine leaves alone; empty parts are left out.

    Where it does not fit there is no cache, and what is too large is cut off at the GPU's end.
    """
    amounts = (
        ("c-weights", "Weights", fit.weights_gib),
        ("c-reserve", "Working memory", fit.reserve_gib),
        ("c-graphs", "CUDA graphs", fit.graphs_gib),
        ("c-cache", "Cache for requests", max(fit.cache_gib, 0.0)),
        ("c-left", "Left alone", fit.left_gib if fit.cache_gib >= 0 else 0.0),
    )
    found, at = [], 0.0
    for css, label, gib in amounts:
        if gib < 0.005:
            continue
        width = min(gib / fit.device.memory_gib * WIDTH, WIDTH - at)
        found.append(Part(css, label, gib, f"{at:.1f}", f"{max(width - _GAP, 0):.1f}"))
        at += width
    return tuple(found)
