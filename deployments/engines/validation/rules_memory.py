"""What does not fit the GPUs."""

from collections.abc import Iterator

from deployments.planning.memory.fit import Fit
from deployments.planning.memory.of_spec import Verdict, fit_of

from .case import Case
from .finding import Fix, Level
from .rule import Hit, Rule


def _memory(case: Case) -> Iterator[Hit]:
    """An error only where it does not fit either if the estimate is wrong by all that it may be."""
    verdict = fit_of(case.spec, shape=case.context.shape, own=case.context.calibration)
    fit = verdict.fit
    if fit is None or fit.fits:
        return
    surely = fit.cache_gib + fit.error * fit.weights_gib < fit.request_gib
    yield Hit(
        field="max_model_len" if fit.cache_gib > 0 else "gpu_count",
        cause=_cause(fit),
        remedy=_remedy(verdict),
        fix=_fix(verdict),
        level=None if surely else Level.WARNING,
    )


def _cause(fit: Fit) -> str:
    if fit.cache_gib <= 0:
        return f"Weights and working memory need {-fit.cache_gib:.1f} GiB more than each GPU may use."
    wanted = f"One request of {fit.context:,} tokens needs {fit.request_gib:.1f} GiB of cache on each GPU"
    return f"{wanted}, and about {fit.cache_gib:.1f} GiB are left for it."


def _remedy(verdict: Verdict) -> str:
    if not verdict.remedies:
        return "Choose a smaller format of the model, or larger GPUs."
    ways = [f"{change.field} {change.value} ({change.words})" for change in verdict.remedies]
    return f"One of these makes it fit: {'; '.join(ways)}."


def _fix(verdict: Verdict) -> Fix | None:
    if not verdict.remedies:
        return None
    change = verdict.remedies[0]
    return Fix(f"Set {change.field} to {change.value}.", {change.field: change.value})


RULES = (
    Rule(
        "memory",
        Level.ERROR,
        "The engine ends before it is ready.",
        "The model's sizes, and what engines printed of theirs",
        _memory,
    ),
)
