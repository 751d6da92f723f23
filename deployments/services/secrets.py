"""The secrets that the panel makes, keeps encrypted, and writes at the provider."""

import secrets as random

import structlog
from django.utils import timezone

from deployments.models import Account
from deployments.providers.base import Provider, ProviderError

log = structlog.get_logger(__name__)

ENGINE_SECRET = "vllm-api-key"  # noqa: S105  # the name at the provider, no secret
WEIGHTS_SECRET = "huggingface"  # noqa: S105
_KEPT_HERE = ("engine_key", "huggingface_token", "secrets_version")


def ensure(account: Account, provider: Provider) -> None:
    """Make the engine's key and the proxy token where they are missing, and write both secrets.

    Nothing can read a secret back from the provider, so whoever must know the engine's key has to make it.
    Writing is repeated before each deploy: it is idempotent. Raises ProviderError.
    """
    if not account.engine_key:
        _store(account, "engine_key", engine_key=new_engine_key())
    if not account.proxy_token_id:
        token = provider.create_proxy_token()
        try:
            _store(
                account, "proxy_token", proxy_token_id=token.token_id, proxy_token_secret=token.token_secret
            )
        finally:  # where another worker was first, or it was not kept: two would both open the door
            drop_unused(account, provider, token.token_id)
    write(account, provider)


def drop_unused(account: Account, provider: Provider, token_id: str, *, replacing: str = "") -> None:
    """Revoke a proxy token that was made and is not the account's; no row but this call knows it. Where the
    provider fails its id is kept for `retiring.go_round`, in the place of `replacing`, which is revoked."""
    rows = Account.objects.filter(pk=account.pk)
    if rows.filter(proxy_token_id=token_id).exists():
        return
    try:
        provider.revoke_proxy_token(token_id)
    except ProviderError as error:
        kept = rows.filter(retired_proxy_token_id__in=("", replacing)).update(
            retired_proxy_token_id=token_id, proxy_token_retired_at=None, retire_error=error.message[:2000]
        )
        log.warning("tokens.unused_not_revoked", account=account.name, kept=bool(kept), error=error.message)


def new_engine_key() -> str:
    """A key that nobody has seen."""
    return f"sk-{random.token_urlsafe(32)}"


def write(account: Account, provider: Provider) -> None:
    """Write the secrets at the provider as they are kept here now. Idempotent. Raises ProviderError.

    Of two that write at once the later to arrive wins there: whoever finds afterwards that the secrets were
    changed meanwhile has them written once more, before the next server is lit.
    """
    account.refresh_from_db(fields=_KEPT_HERE)
    wanted = {ENGINE_SECRET: {"VLLM_API_KEY": account.engine_key}}
    rows = Account.objects.filter(pk=account.pk)
    try:
        if account.huggingface_token or provider.missing_secrets([WEIGHTS_SECRET]):
            # Without a token of ours, one that the team wrote there itself stays as it is.
            wanted[WEIGHTS_SECRET] = {"HF_TOKEN": account.huggingface_token}
        provider.write_secrets(wanted)
    except ProviderError as error:
        rows.update(secrets_error=error.message[:2000])
        raise
    rows.update(secrets_written_at=timezone.now(), secrets_error="", secrets_written=account.secrets_version)
    rows.exclude(secrets_version=account.secrets_version).update(secrets_written=-1)


def write_if_due(account: Account, provider: Provider) -> None:
    """The last thing before a server is lit without a deploy: a change that did not reach the provider yet
    reaches it now. Raises ProviderError."""
    if account.secrets_due:
        write(account, provider)


def _store(account: Account, name: str, **values: str) -> None:
    """Keep the values unless another worker was first; then take that worker's."""
    empty = dict.fromkeys(values, "")
    changed = {f"{name}_changed_at": timezone.now()}
    Account.objects.filter(pk=account.pk, **empty).update(**values, **changed)
    account.refresh_from_db(fields=list(values))
