"""The flag catalogue: what the real parser of one vLLM version accepts, as plain data."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# One file per version, dumped from the real parser. Read by path: the stand-in imports no app.
DEFAULT_PATH = (
    Path(__file__).resolve().parents[2] / "deployments" / "engines" / "catalogues" / "vllm-0.33.0.json"
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One option as the real parser declares it."""

    names: tuple[str, ...]
    dest: str
    group: str
    action: str
    kind: str
    nargs: int | str | None
    choices: tuple[Any, ...] | None
    default: Any


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All flags of one version and the parser names it registers."""

    version: str
    flags: tuple[Flag, ...]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]


def load_catalogue(environment: Mapping[str, str] = os.environ) -> Catalogue:
    """Read the file named by SANDBOX_FLAG_CATALOGUE, else the newest one. Raises OSError without it."""
    path = Path(environment.get("SANDBOX_FLAG_CATALOGUE") or DEFAULT_PATH)
    data = json.loads(path.read_text())
    return Catalogue(
        version=str(data["vllm_version"]),
        flags=tuple(_flag(row) for row in data["flags"]),
        tool_parsers=tuple(data["tool_parsers"]),
        reasoning_parsers=tuple(data["reasoning_parsers"]),
    )


def _flag(row: Mapping[str, Any]) -> Flag:
    return Flag(
        names=tuple(row["flags"]),
        dest=row["dest"],
        group=row["group"],
        action=row["action"],
        kind=row["kind"],
        nargs=row["nargs"],
        choices=tuple(row["choices"]) if row["choices"] else None,
        default=row["default"],
    )
