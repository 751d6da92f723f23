"""The secrets that the panel makes, keeps encrypted, and writes at the provider."""

import secrets as random

from django.utils import timezone

from deployments.models import Account
from deployments.providers.base import Provider

ENGINE_SECRET = "vllm-api-key"  # noqa: S105  # the name at the provider, no secret
WEIGHTS_SECRET = "huggingface"  # noqa: S105


def ensure(account: Account, provider: Provider) -> None:
    """Make the engine's key and the proxy token where they are missing, and write both secrets.

    Nothing can read a secret back from the provider, so whoever must know the engine's key has to make it.
    Writing is repeated before each deploy: it is idempotent. Raises ProviderError.
    """
    if not account.engine_key:
        _store(account, engine_key=f"sk-{random.token_urlsafe(32)}")
    if not account.proxy_token_id:
        token = provider.create_proxy_token()
        _store(account, proxy_token_id=token.token_id, proxy_token_secret=token.token_secret)
    wanted = {ENGINE_SECRET: {"VLLM_API_KEY": account.engine_key}}
    if account.huggingface_token or provider.missing_secrets([WEIGHTS_SECRET]):
        # Without a token of ours, one that the team wrote there itself stays as it is.
        wanted[WEIGHTS_SECRET] = {"HF_TOKEN": account.huggingface_token}
    provider.write_secrets(wanted)
    Account.objects.filter(pk=account.pk).update(secrets_written_at=timezone.now())


def _store(account: Account, **values: str) -> None:
    """Keep the values unless another worker was first; then take that worker's."""
    empty = dict.fromkeys(values, "")
    Account.objects.filter(pk=account.pk, **empty).update(**values)
    account.refresh_from_db(fields=list(values))
