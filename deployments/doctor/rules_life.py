"""Starts that take too long, and lives that end without a word of the engine."""

from deployments.engines.validation import Fix, Level
from deployments.planning.spec import Spec

from . import changes
from .rule import Context, Depth, Ended, Place, Rule, Values, said

# The recipe's compile took over 20 minutes; recorded ones of small models took 1 to 13 s.
_SLOW_COMPILE_S = 300.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEARLY = 0.95


def _slow_compile(values: Values, context: Context) -> bool:
    return float(values["seconds"]) >= _SLOW_COMPILE_S


def _bound_to_loopback(values: Values, context: Context) -> bool:
    return context.spec is not None and changes.typed(context.spec, "--host") in _LOOPBACK


def _not_bound_to_loopback(values: Values, context: Context) -> bool:
    return not _bound_to_loopback(values, context)


def _without_host(values: Values, spec: Spec) -> Fix | None:
    return changes.without_flags(spec, "--host")


def _ran_out_of_time(ended: Ended, context: Context) -> bool:
    """The provider ended it at about the limit of a start, and it had not been ready."""
    limit_s = context.spec.startup_timeout_s if context.spec is not None else 0
    late = limit_s > 0 and ended.lit_s >= _NEARLY * limit_s
    return ended.reason == "boot_failed" and not ended.ready and late


def _hung_compiling(ended: Ended, context: Context) -> bool:
    return ended.reason == "boot_timeout" and ended.phase == "compile"


def _hung(ended: Ended, context: Context) -> bool:
    return ended.reason == "boot_timeout" and ended.phase != "compile"


def _taken_away(ended: Ended, context: Context) -> bool:
    return ended.reason in ("gone", "preempted")


_WAITED = r"(?:TimeoutError: )?Waited too long for port (?P<port>\d+) to start accepting connections"

RULES = (
    Rule(
        code="bound-to-loopback",
        title="The engine listens where nobody can reach it",
        cause="It is bound to an address inside the container, so that the provider waits for port {port} in "
        "vain while the GPUs are billed.",
        remedy="Leave the address to the panel: it binds to all of them.",
        patterns=said(_WAITED),
        sources=("read in the source of modal 1.6.4", "documented: binding 127.0.0.1 never becomes ready"),
        when=_bound_to_loopback,
        change=_without_host,
        documented=True,
    ),
    Rule(
        code="startup-timeout-too-short",
        title="The limit of a start is too short",
        cause="The provider gave the start up at its limit, before the engine listened.",
        remedy="Give it longer, and look which phase took its time.",
        patterns=said(_WAITED),
        sources=("read in the source of modal 1.6.4", "documented: the recipe’s startup timeouts"),
        depth=Depth.CONSEQUENCE,
        when=_not_bound_to_loopback,
        ending=_ran_out_of_time,
        change=changes.longer_startup,
        documented=True,
    ),
    Rule(
        code="compile-slow",
        title="Compiling took very long",
        cause="The engine compiled for {seconds} s before it could answer, all of it billed.",
        remedy="Keep its cache on a volume, so that only the first start pays, or start without compiling.",
        patterns=said(r"(?:\[[^\]]*\] )?torch\.compile took (?P<seconds>\d+(?:\.\d+)?) s in total"),
        sources=(
            "documented: the recipe’s third post-mortem",
            "recorded: the line itself",
        ),
        level=Level.WARNING,
        when=_slow_compile,
        change=changes.eager,
        slows=True,
        documented=True,
    ),
    Rule(
        code="compile-hung",
        title="It was still compiling at its deadline",
        cause="The start was put out while the engine compiled.",
        remedy="Start without compiling. The first answer at each new length is slower then; the warm-up "
        "takes that upon itself.",
        sources=("documented: the recipe’s third post-mortem",),
        depth=Depth.CONSEQUENCE,
        ending=_hung_compiling,
        change=changes.eager,
    ),
    Rule(
        code="start-hung",
        title="It was not ready at its deadline",
        cause="It took more than three times as long as usual, and had come no further than the phase "
        "“{phase}”.",
        remedy="Start it again: it gets another machine. If it stops at the same place, read the log there.",
        sources=("documented: a dead engine does not end the container", "stand-in cloud"),
        depth=Depth.END,
        ending=_hung,
    ),
    Rule(
        code="taken-away",
        title="The provider took the machine away",
        cause="It was neither idle nor told to go, and its log names no fault: GPUs can be preempted at any "
        "time.",
        remedy="Nothing is wrong with the settings. Start it again.",
        sources=("documented: GPU functions can be preempted",),
        level=Level.WARNING,
        depth=Depth.END,
        ending=_taken_away,
    ),
    Rule(
        code="no-capacity",
        title="The provider had no machine for it",
        cause="No machine with these GPUs was free for as long as the panel waits. Queued time is not billed "
        "(assumed).",
        remedy="Start it later, or choose a type of GPU or a region of which there is more.",
        sources=("documented: unstarted containers are Pending", "stand-in cloud"),
        place=Place.OUTSIDE,
        ending=lambda ended, context: ended.reason == "no_capacity",
    ),
)
