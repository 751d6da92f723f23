"""Rules about the objects behind flags: a speculation's values, and what no catalogue tells."""

from collections.abc import Iterator

from .case import Case
from .finding import Fix, Level
from .inside import troubles
from .rule import Hit, Rule

# Keys whose values another rule judges, with better words.
_JUDGED = ("method", "num_speculative_tokens")


def _speculation_values(case: Case) -> Iterator[Hit]:
    config, flag = case.spec.speculative, case.catalogue.flag("speculative_config")
    fields = flag.inner.fields if flag and flag.inner else None
    if config is None or fields is None:
        return
    for trouble in troubles(fields, config, dashes=True):
        top_key = len(trouble.path) == 1 and trouble.code == "unknown-key"
        if top_key or trouble.path[0] in _JUDGED:
            continue
        of = trouble.path[:-1] if trouble.code == "unknown-key" else trouble.path
        fix = None if trouble.better is None else Fix(trouble.remedy, {"speculative": dict(trouble.better)})
        remedy = trouble.remedy or "Correct the value."
        cause = f"{'.'.join(of)} {trouble.words}."
        yield Hit("speculative", cause, remedy, "--speculative-config", fix)


def _unchecked(case: Case) -> Iterator[Hit]:
    version, seen = case.catalogue.version, set[str]()
    for given in case.extra:
        flag = given.flag
        if flag is None or flag.inner is not None or "parse_dataclass" not in flag.kind or flag.name in seen:
            continue
        seen.add(flag.name)
        what = "the values of its keys are" if flag.keys else "its keys and their values are"
        cause = f"{flag.name} is not checked by the catalogue of vLLM {version}: {what} not listed there."
        remedy = "Compare it with vLLM's documentation, or add a catalogue made with dump_flags.py."
        yield Hit("extra_flags", cause, remedy, flag.name)


RULES = (
    Rule(
        "speculation-values",
        Level.ERROR,
        "The engine refuses to start.",
        "SpeculativeConfig of the chosen vLLM, asked when the catalogue was made",
        _speculation_values,
    ),
    Rule("inner-unchecked", Level.ADVICE, "", "The catalogue of the chosen version", _unchecked),
)
