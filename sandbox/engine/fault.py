"""What the stand-in is told to do wrong: SANDBOX_FAULT."""

from __future__ import annotations

import json
from dataclasses import dataclass

# In the order of a boot. A phase that a boot does not have counts as passed with the next one.
PHASES = ("start", "weights", "compile", "cache", "warmup")


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour: `die` or `hang` as a phase begins, or `die_after_ready` seconds later."""

    kind: str
    at: str = "start"
    log: str = ""
    exit_code: int = 1
    after_s: float = 0.0

    def strikes_in(self, phase: str) -> bool:
        """Whether it is due once the boot is in this phase."""
        return PHASES.index(phase) >= PHASES.index(self.at)


def read_fault(text: str) -> Fault | None:
    """The fault in this JSON text; None for an empty one. Raises ValueError for what is no fault."""
    if not text.strip():
        return None
    data = json.loads(text)
    fault = Fault(
        kind=str(data["kind"]),
        at=str(data.get("at", "start")),
        log=str(data.get("log", "")),
        exit_code=int(data.get("exit_code", 1)),
        after_s=float(data.get("after_s", 0)),
    )
    if fault.kind not in ("die", "hang", "die_after_ready") or fault.at not in PHASES:
        raise ValueError(f"SANDBOX_FAULT: unknown kind or phase in {text}")
    return fault
