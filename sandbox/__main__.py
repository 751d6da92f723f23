"""`python -m sandbox`: a Modal that costs nothing, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from sandbox.cloud.service import Options, serve
from sandbox.cloud.tempo import Tempo

_TOKENS = ("SANDBOX_TOKEN_ID", "SANDBOX_TOKEN_SECRET", "SANDBOX_CONTROL_TOKEN")


def main(arguments: list[str] | None = None) -> int:
    """Start; gives the exit code. 2 where it is not told all it needs."""
    parsed = _parser().parse_args(arguments)
    missing = [name for name in _TOKENS if not os.environ.get(name)]
    if missing:
        print(f"sandbox: set {', '.join(missing)}: it runs only with tokens", file=sys.stderr)
        return 2
    if parsed.engine != "standin" and not os.access(parsed.engine, os.X_OK):
        print(f"sandbox: --engine: {parsed.engine} is not a command", file=sys.stderr)
        return 2
    try:
        tempo = Tempo(parsed.speed)
    except ValueError as error:
        print(f"sandbox: --speed: {error}", file=sys.stderr)
        return 2
    os.umask(0o077)
    parsed.dir.mkdir(parents=True, exist_ok=True)
    parsed.dir.chmod(0o700)
    asyncio.run(serve(_options(parsed, tempo)))
    return 0


def _options(parsed: argparse.Namespace, tempo: Tempo) -> Options:
    """Tokens are taken out of the environment, so that no child inherits them by accident."""
    token_id, token_secret, control_token = (os.environ.pop(name) for name in _TOKENS)
    return Options(
        directory=parsed.dir.resolve(), tempo=tempo, engine=parsed.engine, token=(token_id, token_secret),
        control_token=control_token, grpc_port=parsed.grpc_port, web_port=parsed.web_port,
        seed_weights=os.environ.get("SANDBOX_WEIGHTS") != "empty",
        stop_with_stdin=os.environ.get("SANDBOX_STOP_WITH_STDIN") == "1",
    )  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where it keeps everything")
    parser.add_argument("--speed", type=float, default=20.0, help="how many times faster than life")
    parser.add_argument("--engine", default="standin", help="`standin`, or the path of a real vllm")
    parser.add_argument("--grpc-port", type=int, help="port of the control plane")
    parser.add_argument("--web-port", type=int, help="port of the web URLs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
