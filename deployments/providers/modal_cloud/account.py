"""Who the credentials are, the secrets of the environment, and what its plan says of money."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from modal import exception

from deployments.providers.base import AccountFacts, NoEnvironment, ProxyToken

from . import rpc
from .sdk import Client, missing, modal

_PROXY_TOKEN_NAME = "pilotlight"  # noqa: S105  # what the token is called in Modal's list
_HOUR_S = 3600
# Rates are per hour (H200 4.54, core 0.047, GiB 0.008). Modal does not document the unit; a figure below
# these can only be per second, and must not be divided once more.
_LEAST_PER_HOUR = {"gpu": Decimal("0.05"), "cpu": Decimal("0.001"), "memory": Decimal("0.0001")}


async def facts(client: Client, environment: str) -> AccountFacts:
    """Workspace and environment. Raises NoEnvironment where there is none of this name."""
    workspace = await rpc.workspace_name.aio(client)
    items = await rpc.environment_list.aio(client)
    found = next((item for item in items if item.name == environment), None)
    if found is None:
        raise NoEnvironment(
            f"The workspace {workspace} has no environment {environment!r}: create it at Modal or choose "
            f"one of {', '.join(sorted(item.name for item in items))}."
        )
    budget = Decimal(str(found.cycle_budget_dollars)) if found.HasField("cycle_budget_dollars") else None
    return AccountFacts(
        workspace=workspace,
        environment=environment,
        cycle_budget_usd=budget,
        cycle_usage_usd=Decimal(str(found.current_cycle_usage)),
        spend_limit_reached=found.spend_limit_reached,
    )


async def new_proxy_token(client: Client, environment: str) -> ProxyToken:
    """Create a token pair and let it into the environment."""
    tokens = modal.Workspace.from_context(client=client).proxy_tokens
    made = await tokens.create.aio(name=_PROXY_TOKEN_NAME)
    # Only workspaces with scoped tokens need this, and others may refuse it. The pair is made and must not be
    # lost over it: a token that is not let in answers 401, in words, at the first wake.
    with contextlib.suppress(exception.Error):
        await tokens.allow.aio(made.token_id, environment)
    return ProxyToken(token_id=made.token_id, token_secret=made.token_secret)


async def proxy_token_holds(client: Client, environment: str, token_id: str) -> bool:
    """Whether the token is listed as one that opens the environment."""
    tokens = modal.Workspace.from_context(client=client).proxy_tokens
    return any(one.token_id == token_id for one in await tokens.list.aio(environment_name=environment))


async def revoke_proxy_token(client: Client, token_id: str) -> None:
    """Delete it. One that is gone is no error."""
    with contextlib.suppress(exception.NotFoundError):
        await modal.Workspace.from_context(client=client).proxy_tokens.delete.aio(token_id)


async def write_secret(environment: str, name: str, values: Mapping[str, str], client: Client) -> None:
    """Create the secret, or overwrite these of its values."""
    try:
        await modal.Secret.objects.create.aio(name, dict(values), environment_name=environment, client=client)
    except exception.AlreadyExistsError:
        secret = modal.Secret.from_name(name, environment_name=environment, client=client)
        await secret.update.aio(dict(values))


async def missing_secrets(client: Client, environment: str, names: Sequence[str]) -> list[str]:
    """Those of `names` that do not exist."""
    named = partial(modal.Secret.from_name, environment_name=environment, client=client)
    return await missing(names, named)


async def missing_keys(client: Client, environment: str, secret: str, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that an existing secret has no value of. Raises NotFoundError without the secret."""
    await modal.Secret.from_name(secret, environment_name=environment, client=client).hydrate.aio()
    held = await asyncio.gather(*(_holds(client, environment, secret, key) for key in keys))
    return [key for key, there in zip(keys, held, strict=True) if not there]


async def _holds(client: Client, environment: str, secret: str, key: str) -> bool:
    found = modal.Secret.from_name(secret, environment_name=environment, required_keys=[key], client=client)
    try:
        await found.hydrate.aio()
    except (exception.InvalidError, exception.NotFoundError):  # the secret itself was there a moment ago
        return False
    return True


async def unit_prices(client: Client) -> dict[str, Decimal] | None:
    """USD per second by resource; None on plans that do not show them."""
    try:
        rates = await modal.Workspace.from_context(client=client).billing.rates.aio()
    except (exception.PermissionDeniedError, exception.UnimplementedError):
        return None
    named = {_resource(name): Decimal(value) for name, value in rates.items()}
    return {name: _per_second(name, value) for name, value in named.items() if name} or None


def _resource(name: str) -> str:
    """`gpu:H200`, `cpu` or `memory` for Modal's `gpu_h200`, `cpu`, `memory`; empty for anything else."""
    plain = name.lower()
    if plain.startswith("gpu_"):
        return f"gpu:{plain.removeprefix('gpu_').upper()}"
    return plain if plain in ("cpu", "memory") else ""


def _per_second(resource: str, value: Decimal) -> Decimal:
    return value if value < _LEAST_PER_HOUR[resource.partition(":")[0]] else value / _HOUR_S
