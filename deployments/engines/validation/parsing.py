"""The verdicts of the engine's own argument parser, and what it takes silently."""

import json
from collections.abc import Iterator

from ..catalogue import Flag
from .argv import Given, looks_like_flag
from .case import Case
from .finding import Finding, Level
from .inner_findings import as_json, inner_findings
from .rules_life import ROOM
from .secrets import shown
from .values import human_int, unknown_key, value_problem

_LISTED = "It is in this version's list of flags."
# Where a typed flag says what a setting says: the setting's name.
FIELDS = {
    "served_model_name": "served_name",
    "tensor_parallel_size": "gpu_count",
    "kv_cache_dtype": "kv_cache_dtype",
    "max_model_len": "max_model_len",
    "max_num_seqs": "max_num_seqs",
    "gpu_memory_utilization": "gpu_memory_utilization",
    "trust_remote_code": "trust_remote_code",
    "speculative_config": "speculative",
    "tool_call_parser": "tool_call_parser",
    "reasoning_parser": "reasoning_parser",
    "safetensors_load_strategy": "load_strategy",
    "enforce_eager": "eager",
    "revision": "revision",
    "model": "model",
}
# Settings whose values somebody chose; the same refusal names the setting instead of extra_flags.
_OWN = {dest: field for dest, field in FIELDS.items() if dest not in ("tensor_parallel_size", "model")}


def parser_findings(case: Case) -> Iterator[Finding]:
    """Unknown, misspelt, ambiguous, without a value, with a wrong one; then spellings; then repetitions."""
    if looks_like_flag(case.spec.model):
        cause, remedy = f"{case.spec.model!r} would be read as a flag.", "Write the name of a model."
        yield _error("model-is-flag", "model", "", cause, remedy)
    for given in case.extra:
        if given.flag is None:
            yield _unknown(case, given)
            continue
        if given.flag.dest == "help":
            cause = f"{given.spelled} prints flags and ends it: each start is paid for nothing."
            yield _error("no-server", "extra_flags", "--help", cause, "Remove it.", fix=case.without(given))
        yield from _spelling(case, given, given.flag)
        yield from _values(case, given, given.flag, "extra_flags")
    for given in case.given[: len(case.given) - len(case.extra)]:
        if given.flag is not None and given.flag.dest in _OWN:
            yield from _values(case, given, given.flag, _OWN[given.flag.dest])
    yield from _repeated(case)


def _error(code: str, field: str, flag: str, cause: str, remedy: str, **more: object) -> Finding:
    return Finding(Level.ERROR, code, field, cause, remedy, flag, by_parser=True, **more)  # type: ignore[arg-type]


def _unknown(case: Case, given: Given) -> Finding:
    version = case.catalogue.version
    if given.is_stray:
        cause, remedy = (
            f"{shown(given.spelled)} belongs to no flag.",
            "Remove it, or write the flag before it.",
        )
        return _error("stray", "extra_flags", "", cause, remedy, fix=_drop(case, given, "Remove it."))
    name = given.spelled.split(".")[0]
    if given.matches:
        meant = ", ".join(match.name for match in given.matches)
        cause = f"{name} is short for several flags of vLLM {version}: {meant}."
        return _error("ambiguous", "extra_flags", name, cause, "Write one of them in full.")
    guesses = case.catalogue.suggest(name)
    if not guesses:
        cause, remedy = f"vLLM {version} has no flag {name}.", "Remove it, or choose another engine version."
        return _error("unknown-flag", "extra_flags", name, cause, remedy, fix=case.without(given))
    cause = f"vLLM {version} has no flag {name}."
    remedy = f"Did you mean {' or '.join(guesses)}?"
    return _error("misspelt", "extra_flags", name, cause, remedy, fix=case.spelled_as(given, guesses[0]))


def _drop(case: Case, given: Given, words: str) -> object:
    fix = case.without(given)
    return type(fix)(words, fix.patch)  # a stray text may be a secret: it is not named


def _spelling(case: Case, given: Given, flag: Flag) -> Iterator[Finding]:
    match = given.matches[0]
    if match.how == "abbreviated":
        cause = f"{given.spelled} is taken as {match.name} only while no other flag begins so."
        fix = case.spelled_as(given, match.name)
        yield Finding(
            Level.WARNING, "abbreviated", "extra_flags", cause, "Write it in full.", match.name, fix
        )
    if match.how == "hidden":
        shorter = next((n for n in flag.names[1:] if n.startswith("--")), flag.name)
        cause = f"{match.name} still works, but vLLM {case.catalogue.version} lists it as {shorter}."
        fix = case.spelled_as(given, shorter)
        yield Finding(
            Level.ADVICE, "hidden-negation", "extra_flags", cause, f"Write {shorter}.", match.name, fix
        )
    if flag.deprecated:
        cause = f"{flag.name} is deprecated in vLLM {case.catalogue.version}; a later version refuses it."
        remedy = "Remove it."
        yield Finding(
            Level.WARNING, "deprecated", "extra_flags", cause, remedy, flag.name, case.without(given), _LISTED
        )


def _values(case: Case, given: Given, flag: Flag, field: str) -> Iterator[Finding]:
    name = flag.name
    typed = field == "extra_flags"
    if flag.nargs == 0:
        if given.attached or given.keys:
            cause, remedy = f"{name} is a switch and takes no value.", f"Write {name} alone."
            yield _error("takes-no-value", field, name, cause, remedy, fix=_alone(case, given, typed))
        return
    if not given.values:
        if flag.nargs not in ("?", "*"):
            yield _error("missing-value", field, name, f"{name} has no value.", "Write one behind it.")
        return
    if given.keys:
        yield from _dotted(case, given, flag, field)
        return
    for text in given.values:
        if typed and not given.attached and text.startswith("-") and "." in text:
            cause = f"vLLM takes {shown(text)} for a flag with parts behind a dot, and its parser breaks."
            yield _error("dashed-value", field, name, cause, f"Write {name}={text} as one.")
            return
    for text in given.values:
        problem = value_problem(flag, text)
        if problem is not None:
            code, words = problem
            cause = f"{name} {words}; {shown(text)} is none of these."
            fix = as_json(case, given, text) if typed and flag.is_config else None
            yield _error(
                code, field, name, cause, "Correct the value." if fix is None else fix.words, fix=fix
            )
        elif typed:
            yield from inner_findings(case, given, flag, field)
    yield from _decimal(case, given, flag, field)


def _alone(case: Case, given: Given, typed: bool) -> object:
    if not typed:
        return None
    texts = list(case.spec.extra_flags)
    texts[given.start] = given.spelled.split(".")[0]
    fix = case.without(given)
    return type(fix)(f"Write {texts[given.start]} alone.", {"extra_flags": texts})


def _dotted(case: Case, given: Given, flag: Flag, field: str) -> Iterator[Finding]:
    if not flag.is_config:
        cause = f"{flag.name} takes one value and has no parts behind a dot."
        yield _error("no-parts", field, flag.name, cause, f"Write {flag.name} and its value.")
        return
    if flag.inner is not None:
        yield from inner_findings(case, given, flag, field)
        return
    key = given.keys[0].removesuffix("+")
    if flag.keys and key not in flag.keys:
        cause = f"{flag.name} {unknown_key(flag, key)}."
        yield _error("unknown-key", field, flag.name, cause, "Correct the part behind the dot.")


def _decimal(case: Case, given: Given, flag: Flag, field: str) -> Iterator[Finding]:
    """`128k` is 128,000 and `128K` is 131,072."""
    text = given.value.strip()
    if "human_readable" not in flag.kind or not text[-1:].islower() or text.lower() == "auto":
        return
    try:
        meant, binary = human_int(text), human_int(text.upper())
    except ValueError:
        return
    cause = f"{flag.name} {text} means {meant:,}, not {binary:,}."
    remedy = f"Write {text.upper()} or {binary} for the power of two, or {meant} for the round number."
    yield Finding(Level.WARNING, "decimal-suffix", field, cause, remedy, flag.name)


def _repeated(case: Case) -> Iterator[Finding]:
    ours = {given.flag.dest for given in _settings(case) if given.flag is not None}
    seen: dict[str, Given] = {}
    for given in case.extra:
        flag = given.flag
        if flag is None or flag.dest in _ELSEWHERE:
            continue
        if flag.dest in FIELDS:
            yield _beside_setting(case, given, flag, FIELDS[flag.dest])
        elif flag.dest in ours:
            yield _beside_ours(case, given, flag)
        elif flag.dest in seen and not (given.keys and seen[flag.dest].keys) and flag.dest != "middleware":
            cause = f"{flag.name} is there twice; vLLM takes the last one and drops the other."
            fix = case.without(seen[flag.dest])
            yield Finding(
                Level.WARNING, "repeated", "extra_flags", cause, "Keep one of them.", flag.name, fix
            )
        seen[flag.dest] = given


_ELSEWHERE = ("host", "port", "api_key")  # rules of their own


def _settings(case: Case) -> list[Given]:
    return case.given[: len(case.given) - len(case.extra)]


def _beside_setting(case: Case, given: Given, flag: Flag, field: str) -> Finding:
    cause = (
        f"{flag.name} is set by {field}; typed again, it would win silently and the panel's figures be wrong."
    )
    value = _as_setting(case, given, flag)
    patch = {field: value} if value is not None else {}
    if field == "max_num_seqs" and isinstance(value, int) and value + ROOM > case.spec.max_inputs:
        patch["max_inputs"] = value + ROOM  # a configuration holds no more sequences than requests
    fix = case.without(given, **patch)
    return Finding(
        Level.ERROR, "repeats-setting", "extra_flags", cause, f"Set {field} instead.", flag.name, fix
    )


def _as_setting(case: Case, given: Given, flag: Flag) -> object:
    """The typed value as the setting holds it; None where it is no good or has to be chosen by hand."""
    if flag.dest in ("model", "tensor_parallel_size"):
        return None
    if flag.nargs == 0:
        return given.is_on
    if given.keys or not given.values or value_problem(flag, given.value) is not None:
        return None
    if flag.dest in ("max_model_len", "max_num_seqs"):
        return human_int(given.value) if given.value.strip().lower() not in ("auto", "-1") else None
    return json.loads(given.value) if flag.dest == "speculative_config" else given.value


def _beside_ours(case: Case, given: Given, flag: Flag) -> Finding:
    ours = next(g for g in _settings(case) if g.flag is not None and g.flag.dest == flag.dest)
    if given.is_on == ours.is_on and given.values == ours.values:
        cause, code = f"{flag.name} is there already: the panel writes it.", "repeated"
    else:
        cause = f"The panel writes {' '.join((ours.spelled, *ours.values))}; the typed one wins."
        code = "overrides-panel"
    remedy = "Remove it, unless that is meant."
    return Finding(Level.WARNING, code, "extra_flags", cause, remedy, flag.name, case.without(given))
