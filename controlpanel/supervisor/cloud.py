"""Which cloud the first account uses: the stand-in, or the Modal that the environment names."""

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from deployments import public

from ..data_dir import kept
from .program import Program, Stage


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the first account reaches its cloud. `speed`: how many times faster than life its servers boot."""

    server_url: str
    token_id: str = field(repr=False)
    token_secret: str = field(repr=False)
    environment: str
    is_sandbox: bool
    speed: Decimal


def uses_sandbox() -> bool:
    """False where the environment names a server or a token of Modal."""
    return not (settings.MODAL_SERVER_URL or settings.MODAL_TOKEN_ID)


def modal_from_environment() -> Credentials:
    """The account that the environment names."""
    return Credentials(
        server_url=settings.MODAL_SERVER_URL,
        token_id=settings.MODAL_TOKEN_ID,
        token_secret=settings.MODAL_TOKEN_SECRET,
        environment=settings.MODAL_ENVIRONMENT,
        is_sandbox=False,
        speed=Decimal(1),
    )


def sandbox_tokens() -> dict[str, str]:
    """The stand-in's tokens, made at the first start and kept."""
    made = {
        "SANDBOX_TOKEN_ID": f"ak-{secrets.token_hex(12)}",
        "SANDBOX_TOKEN_SECRET": f"as-{secrets.token_hex(12)}",
        "SANDBOX_CONTROL_TOKEN": secrets.token_hex(24),
    }
    text = kept(settings.PANEL_DATA_DIR, "sandbox-tokens.json", json.dumps(made))
    try:
        tokens = {name: str(json.loads(text)[name]) for name in made}
    except (ValueError, KeyError, TypeError) as error:
        path = settings.PANEL_DATA_DIR / "sandbox-tokens.json"
        raise CommandError(f"{path} cannot be read. Remove it to have new tokens made.") from error
    return tokens


def sandbox_endpoint(folder: Path) -> dict[str, Any] | None:
    """What the stand-in wrote about itself; None until it is ready."""
    try:
        endpoint: dict[str, Any] = json.loads((folder / "endpoint.json").read_text())
    except (OSError, ValueError):
        return None
    return endpoint


def sandbox_program(on_ready: Callable[[Credentials], None]) -> Program:
    """The line of the process table; `on_ready` is given the credentials after every start."""
    folder, tokens = settings.PANEL_DATA_DIR / "sandbox", sandbox_tokens()

    def prepare() -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "endpoint.json").unlink(missing_ok=True)

    async def answers() -> bool:
        return sandbox_endpoint(folder) is not None

    def report() -> None:
        on_ready(_sandbox_credentials(folder, tokens))

    argv = [sys.executable, "-m", "sandbox", "--dir", str(folder)]
    argv += ["--speed", str(settings.SANDBOX_SPEED), "--engine", settings.SANDBOX_VLLM]
    return Program(
        name="sandbox",
        argv=tuple(argv),
        stage=Stage.CLOUD,
        environment=tokens,
        before_start=prepare,
        ready=answers,
        on_ready=report,
        stop_limit_s=10.0,
    )


def _sandbox_credentials(folder: Path, tokens: dict[str, str]) -> Credentials:
    endpoint = sandbox_endpoint(folder) or {}
    return Credentials(
        server_url=str(endpoint.get("grpc_url", "")),
        token_id=tokens["SANDBOX_TOKEN_ID"],
        token_secret=tokens["SANDBOX_TOKEN_SECRET"],
        environment="main",
        is_sandbox=True,
        speed=settings.SANDBOX_SPEED,
    )


def ensure_first_account(credentials: Credentials) -> None:
    """Write the first account and the built-in deployment; safe to repeat."""
    try:
        public.ensure_defaults(
            server_url=credentials.server_url,
            token_id=credentials.token_id,
            token_secret=credentials.token_secret,
            environment=credentials.environment,
            is_sandbox=credentials.is_sandbox,
            speed=credentials.speed,
        )
    finally:
        connections.close_all()
