"""The `vllm` command of the sandbox: `python -m sandbox.engine.vllm serve MODEL [flags]`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from sandbox.engine.arguments import TOP_USAGE, UsageError, parse_serve
from sandbox.engine.catalogue import load_catalogue
from sandbox.engine.console import Console
from sandbox.engine.server import INTERRUPTED, Server
from sandbox.engine.settings import read_settings


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 2 for a refused command line, as the real one."""
    catalogue = load_catalogue()
    if argv and argv[0] in ("-v", "--version"):
        print(catalogue.version)
        return 0
    if not argv or argv[0] != "serve":
        print(TOP_USAGE, file=sys.stderr)
        return 2 if argv else 0
    try:
        arguments = parse_serve(argv[1:], catalogue)
    except UsageError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    settings = read_settings(arguments, catalogue, os.environ)
    server = Server(settings, arguments, catalogue, Console(sys.stdout))
    code = asyncio.run(server.run())
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
