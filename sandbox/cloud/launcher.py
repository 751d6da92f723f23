"""What `vllm` and `hf` are inside a container: the stand-in engine, or a real one on the mapped port."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from sandbox.cloud.lifeline import die_with_parent

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound


def remapped(arguments: list[str], port: str) -> list[str]:
    """`arguments` with port 8000 as `port`, and with loopback in place of every interface."""
    mapped = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, value = argument.partition("=")
        if not (equals and option in ("--port", "--host")):
            option, value = before, argument
        if option == "--port" and value == "8000":
            argument = argument.replace("8000", port)
        if option == "--host" and value in _EVERYWHERE:
            argument = argument.replace(value, "127.0.0.1")
        mapped.append(argument)
    return mapped


def main() -> None:
    """Become the command that the container called."""
    die_with_parent(os.getppid())
    engine, arguments = sys.argv[1], sys.argv[2:]
    if engine != "standin-hf":
        # This process becomes the engine: exec and runpy both keep its id.
        Path(os.environ["SANDBOX_ENGINE_PID_FILE"]).write_text(str(os.getpid()))
    if engine == "standin-hf":
        _run_module("sandbox.engine.hf", "hf", arguments)
    elif engine == "standin":
        _run_module("sandbox.engine.vllm", "vllm", arguments)
    else:
        arguments = remapped(arguments, os.environ["SANDBOX_PORT"])
        os.execv(engine, [engine, *arguments])  # noqa: S606 - the operator named this engine


def _run_module(module: str, name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
