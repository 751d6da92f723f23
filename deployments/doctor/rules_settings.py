"""Settings that the engine refuses."""

from deployments.engines.validation import Fix
from deployments.planning.spec import Spec

from . import changes
from .rule import Depth, Rule, Values, said


def _without_tensor_parallel(values: Values, spec: Spec) -> Fix | None:
    return changes.without_flags(spec, "--tensor-parallel-size", "-tp", "--pipeline-parallel-size", "-pp")


def _without_sleep_mode(values: Values, spec: Spec) -> Fix | None:
    return changes.without_flags(spec, "--enable-sleep-mode")


def _without_port(values: Values, spec: Spec) -> Fix | None:
    return changes.without_flags(spec, "--port")


RULES = (
    Rule(
        code="context-exceeds-model",
        title="The context is longer than the model knows",
        cause="{asked} tokens were set, and the model’s config.json says {most}.",
        brief="{asked} tokens were set, and the model’s config.json knows fewer.",
        remedy="Set the longest context to what the model knows.",
        patterns=said(
            r"Value error, User-specified max_model_len \((?P<asked>\d+)\) is greater than the derived "
            r"max_model_len \(max_position_embeddings=(?P<most>[\d.]+)",
            r"Value error, User-specified max_model_len \((?P<asked>\d+)\) is greater than the derived",
        ),
        sources=("recorded: cuda-0.26.0-fail-max-len-over-model",),
        change=changes.context_that_fits,
    ),
    Rule(
        code="unknown-flag",
        title="The engine does not know a flag",
        cause="Its version has no such flag: {flags}.",
        remedy="Remove the flag, or correct its name.",
        patterns=said(r"vllm(?: \w+)?: error: unrecognized arguments: (?P<flags>.+)"),
        sources=("recorded: cuda-0.26.0-fail-unknown-flag",),
        change=changes.without_unknown_flags,
    ),
    Rule(
        code="flag-value-refused",
        title="The engine refused the value of a flag",
        cause="It cannot read the value of {flag}.",
        remedy="Correct the value in Settings, which shows what each flag takes.",
        patterns=said(r"vllm(?: \w+)?: error: argument (?P<flag>[\w/-]+): "),
        sources=("recorded: cuda-0.26.0-fail-bad-spec-json",),
    ),
    Rule(
        code="wrong-tool-parser",
        title="There is no such parser for tool calls",
        cause="The engine has no tool call parser {name}.",
        remedy="Choose one that it lists; GLM-5 models take glm47.",
        patterns=said(
            r"KeyError: ['\"]invalid tool call parser: (?P<name>[^ '\"]+)"
            r"(?: \(chose from \{(?P<known>[^}]*))?"
        ),
        sources=("recorded: cuda-0.26.0-fail-wrong-tool-parser",),
        change=changes.known_tool_parser,
    ),
    Rule(
        code="wrong-reasoning-parser",
        title="There is no such parser for reasoning",
        cause="The engine has no reasoning parser {name}.",
        remedy="Choose one that it lists; GLM-5 models take glm45.",
        patterns=said(
            r"KeyError: ['\"]Reasoning parser '(?P<name>[^']+)' not found"
            r"(?:\. Available parsers: (?P<known>.*))?"
        ),
        sources=("recorded: cuda-0.26.0-fail-wrong-reasoning-parser",),
        change=changes.known_reasoning_parser,
    ),
    Rule(
        code="too-few-gpus",
        title="It is to be spread over more GPUs than there are",
        cause="It was told to use {wanted} GPUs, and the container has {there}.",
        remedy="Take the flag for parallel GPUs away: the panel sets it from the number of GPUs.",
        patterns=said(
            r"Value error, World size \((?P<wanted>\d+)\) is larger than the number of available GPUs "
            r"\((?P<there>\d+)\)"
        ),
        sources=("recorded: cuda-0.26.0-fail-tp2-on-one-gpu",),
        change=_without_tensor_parallel,
    ),
    Rule(
        code="speculation-unsupported",
        title="The model has no such speculative decoding",
        cause="The method {method} is not made for this model.",
        remedy="Turn speculative decoding off, or choose a method that the model has.",
        patterns=said(r"NotImplementedError: Unsupported speculative method: '(?P<method>[^']*)'"),
        sources=("recorded: cuda-0.26.0-fail-spec-mtp-unsupported",),
        change=changes.without_speculation,
    ),
    Rule(
        code="async-with-speculation",
        title="Two settings exclude each other",
        cause="Asynchronous scheduling does not go with this method of speculative decoding.",
        remedy="Leave one of them out.",
        patterns=said(r"Value error, Currently, async scheduling is only supported with "),
        sources=("recorded: cpu-0.32.0-fail-async-ngram",),
        change=changes.without_async,
    ),
    Rule(
        code="sleep-mode-unsupported",
        title="The engine’s sleep mode is not there",
        cause="This platform has no sleep mode. The panel does not need it: it puts the server itself out.",
        remedy="Remove the flag.",
        patterns=said(r"Value error, Sleep mode is not supported on current platform"),
        sources=("recorded: cpu-0.32.0-fail-sleep-mode",),
        change=_without_sleep_mode,
    ),
    Rule(
        code="variable-not-a-number",
        title="A variable must be a whole number",
        cause="The engine read “{value}” from its environment where it takes whole numbers.",
        remedy="Correct the variable under Environment.",
        patterns=said(r"Value error, invalid literal for int\(\) with base 10: '(?P<value>[^']*)'"),
        sources=("recorded: cpu-0.32.0-fail-kvspace-int",),
        change=changes.whole_variable,
    ),
    Rule(
        code="settings-refused",
        title="The engine refused its settings",
        cause="It says: {why}.",
        remedy="Change the setting that it names.",
        patterns=said(r"Value error, (?P<why>.{1,300}?)\.? \[type=value_error, input_value=ArgsKwargs\("),
        sources=("recorded: the common form of cpu-0.32.0-fail-sleep-mode and others",),
        depth=Depth.GENERAL,
    ),
    Rule(
        code="shadowed-module",
        title="An old module in the image hides a newer one",
        cause="The image has a single-file typing_extensions.py that Python finds before the package.",
        remedy="Delete that file in the image before pip installs the package.",
        patterns=said(r"ImportError: cannot import name '\w+' from 'typing_extensions'"),
        sources=("documented: the recipe’s first post-mortem",),
        change=changes.remove_shadow,
        documented=True,
    ),
    Rule(
        code="port-in-use",
        title="The port is taken",
        cause="Something in the container already listens where the engine wants to.",
        remedy="Leave host and port to the panel, and start nothing else on it.",
        patterns=said(r"(?:OSError: )?\[Errno 98\]"),
        sources=("recorded: cuda-0.26.0-fail-port-in-use",),
        change=_without_port,
    ),
)
