"""The `hf` command of the sandbox: `python -m sandbox.engine.hf download MODEL [--revision R]`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sandbox.engine.hub import OFFLINE_TEXT, hub_refusal
from sandbox.engine.settings import hub_folder, is_offline
from sandbox.engine.timeline import bar_text
from sandbox.engine.weights import (
    CHECKPOINT_GIB,
    SHARDS,
    begin_tree,
    finish_tree,
    shard_name,
    snapshot_of,
)

# About a gigabyte a second, as a well-connected machine fetches 703.74 GiB.
DOWNLOAD_S = 720.0
UNAUTHENTICATED = (
    "Warning: You are sending unauthenticated requests to the HF Hub. Please set a HF_TOKEN to enable higher "
    "rate limits and faster downloads."
)


@dataclass(frozen=True, slots=True)
class Download:
    """What to fetch, where to, and how fast (times faster than life)."""

    model: str
    revision: str | None
    hub: Path
    speed: float


def main(argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(list(argv))
    hub = hub_folder(environment)
    found = snapshot_of(hub, options.model)
    if found is None:
        problem = _problem(options.model, options.revision, environment)
        if problem is not None:
            print(problem, file=sys.stderr)
            return 1
        if not environment.get("HF_TOKEN"):
            print(UNAUTHENTICATED, file=sys.stderr)
        speed = float(environment.get("SANDBOX_SPEED") or 1)
        found = fetch(Download(options.model, options.revision, hub, speed), sys.stderr)
    print(found)
    return 0


def fetch(download: Download, stream: TextIO, sleep: Callable[[float], None] = time.sleep) -> Path:
    """Take the time of a download and leave its tree. Goes on where an earlier one was cut off."""
    snapshot = begin_tree(download.hub, download.model, download.revision)
    spent = 0.0
    for index in range(1, SHARDS + 1):
        shard = snapshot / shard_name(index)
        if not shard.exists():
            sleep(DOWNLOAD_S / SHARDS / download.speed)
            spent += DOWNLOAD_S / SHARDS
            shard.touch()
        if index % 5 == 0 or index == SHARDS:
            print("\r" + bar_text(f"Fetching {SHARDS} files", index, SHARDS, spent), file=stream, flush=True)
    size = f"{CHECKPOINT_GIB:.2f} GiB"
    print(f"Download complete: {size} of {download.model}", file=stream, flush=True)
    finish_tree(snapshot)
    return snapshot


def _problem(model: str, revision: str | None, environment: Mapping[str, str]) -> str | None:
    if is_offline(environment):
        return OFFLINE_TEXT
    return hub_refusal(model, revision, has_token=bool(environment.get("HF_TOKEN")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hf")
    command = parser.add_subparsers(dest="command", required=True).add_parser("download")
    command.add_argument("model")
    command.add_argument("--revision")
    command.add_argument("--max-workers", type=int, default=8)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
