"""Ways in which the cloud can be told to misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.errors import InvalidError

# Name of the fault: its options with their type and default (None: must be given).
KINDS: dict[str, dict[str, tuple[type, Any]]] = {
    "build_fails": {"log": (str, "")},
    "boot_dies": {"at": (str, "weights"), "log": (str, ""), "exit_code": (int, 1)},
    "boot_hangs": {"at": (str, "weights")},
    "engine_dies_after_ready": {"after_s": (float, 1.0)},
    "rpc_unavailable": {"rpcs": (list, [])},
    "rpc_slow": {"rpcs": (list, []), "seconds": (float, None)},
    "rpc_throttled": {"rpcs": (list, [])},
    "token_refused": {},
    "url_throttled": {},
    "logs_late": {"seconds": (float, None)},
    "logs_doubled": {},
    "no_capacity": {},
    "plan_without_billing": {},
}
# Where a boot can die or hang: the phases of the stand-in engine.
PHASES = ("start", "weights", "cache", "compile", "warmup")
_ENGINE_KINDS = {"boot_dies": "die", "boot_hangs": "hang", "engine_dies_after_ready": "die_after_ready"}


@dataclass(slots=True)
class Fault:
    """One fault that is set; `left` counts how often it still strikes (None: until cleared)."""

    name: str
    app: str = ""
    left: int | None = None
    options: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The faults that are set now."""

    def __init__(self) -> None:
        """Begin with none."""
        self._set: list[Fault] = []

    def add(self, name: str, options: Mapping[str, Any]) -> Fault:
        """Set a fault; InvalidError names the field that is wrong."""
        if name not in KINDS:
            raise InvalidError(f"name: no fault is called {name!r}; there are {', '.join(KINDS)}")
        given = dict(options)
        times, app = given.pop("times", None), given.pop("app", "")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise InvalidError("times: must be a whole number of at least 1")
        if not isinstance(app, str):
            raise InvalidError("app: must be an app's name")
        fault = Fault(name, app, times, _checked(KINDS[name], given))
        self._set.append(fault)
        return fault

    def clear(self) -> None:
        """Behave again."""
        self._set.clear()

    def peek(self, name: str, *, app: str = "") -> Fault | None:
        """The fault of that name that holds for `app`, without using it up."""
        return next((f for f in self._set if f.name == name and f.app in ("", app)), None)

    def strike(self, name: str, *, app: str = "") -> Fault | None:
        """The same, counted as one strike."""
        fault = self.peek(name, app=app)
        return None if fault is None else self._used(fault)

    def strike_rpc(self, name: str, rpc: str) -> Fault | None:
        """A fault of the control plane that holds for this call, counted as one strike."""
        for fault in self._set:
            if fault.name == name and (not fault.options["rpcs"] or rpc in fault.options["rpcs"]):
                return self._used(fault)
        return None

    def for_engine(self, app: str) -> dict[str, Any] | None:
        """What the next engine of `app` is told to do, as it stands in SANDBOX_FAULT."""
        for name, kind in _ENGINE_KINDS.items():
            fault = self.strike(name, app=app)
            if fault is not None:
                return {"kind": kind, **fault.options}
        return None

    def _used(self, fault: Fault) -> Fault:
        if fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                self._set.remove(fault)
        return fault


def _checked(known: Mapping[str, tuple[type, Any]], given: dict[str, Any]) -> dict[str, Any]:
    for option in given:
        if option not in known:
            raise InvalidError(f"{option}: unknown option; there are {', '.join([*known, 'times', 'app'])}")
    checked = {}
    for option, (kind, default) in known.items():
        value = given.get(option, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if option == "rpcs" and value == "all":
            value = []
        if not isinstance(value, kind):
            raise InvalidError(f"{option}: must be given as {kind.__name__}")
        if option == "at" and value not in PHASES:
            raise InvalidError(f"at: must be one of {', '.join(PHASES)}")
        checked[option] = value
    return checked
