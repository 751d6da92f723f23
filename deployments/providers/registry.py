"""The provider of an account."""

from collections.abc import Callable

from deployments.models import Account, ProviderName

from .base import Credentials, Provider, ProviderError


def _modal(credentials: Credentials) -> Provider:
    """Its SDK takes half a second of a processor to import: only who talks to it does."""
    from .modal_cloud import ModalProvider

    return ModalProvider(credentials)


_PROVIDERS: dict[ProviderName, Callable[[Credentials], Provider]] = {ProviderName.MODAL: _modal}


def provider_for(account: Account) -> Provider:
    """The provider that acts with an account's credentials. Raises ProviderError for an unknown kind."""
    try:
        make = _PROVIDERS[ProviderName(account.provider)]
    except (ValueError, KeyError):
        raise ProviderError(f"There is no provider {account.provider!r}.", permanent=True) from None
    return make(credentials_of(account))


def credentials_of(account: Account) -> Credentials:
    """An account's credentials in the clear. Keep them out of logs, rows and answers."""
    return Credentials(
        token_id=account.token_id,
        token_secret=account.token_secret,
        environment=account.environment,
        server_url=account.server_url,
        speed=account.speed,
        proxy_token_id=account.proxy_token_id,
        proxy_token_secret=account.proxy_token_secret,
        hidden=(account.engine_key, account.huggingface_token),
    )
