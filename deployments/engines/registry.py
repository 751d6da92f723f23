"""The engines by name."""

from deployments.planning.spec import SpecError

from .base import Engine
from .vllm import Vllm

ENGINES: dict[str, Engine] = {Vllm.name: Vllm()}


def engine_for(name: str) -> Engine:
    """The engine of a spec's `engine`. Raises SpecError for a name that nobody answers to."""
    try:
        return ENGINES[name]
    except KeyError:
        raise SpecError("engine", f"is {name!r}; choose one of {', '.join(sorted(ENGINES))}.") from None
