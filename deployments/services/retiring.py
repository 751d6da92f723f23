"""Revoking proxy tokens that were replaced, once no request in flight can hold one."""

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from deployments.models import Account, InFlight
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import replaced
from .loading import IN_FLIGHT_STALE

log = structlog.get_logger(__name__)

# The gateway's routes are a second old at most, and what is in flight is told every few seconds.
SETTLES = timedelta(seconds=60)
# The gateway follows thirty detours of 150 s: no request carries its token for longer.
LONGEST = timedelta(minutes=90)


def go_round(*, now: datetime | None = None) -> None:
    """Revoke what is due, and forget replaced secrets that nothing can say any more.

    Safe to repeat and in several processes."""
    now = now or timezone.now()
    for account in Account.objects.exclude(retired_proxy_token_id=""):
        if due(account, now):
            _revoke(account)
    replaced.forget(now)


def due(account: Account, now: datetime) -> bool:
    """Whether nothing can hold the replaced token any more."""
    since = account.proxy_token_retired_at
    if since is None or now >= since + LONGEST:
        return True
    flying = InFlight.objects.filter(deployment__account=account, updated_at__gt=now - IN_FLIGHT_STALE)
    return now >= since + SETTLES and not flying.exists()


def _revoke(account: Account) -> None:
    """The old one goes only while the provider lists the new one."""
    retired, provider = account.retired_proxy_token_id, provider_for(account)
    rows = Account.objects.filter(pk=account.pk, retired_proxy_token_id=retired)
    try:
        if account.proxy_token_id and not provider.proxy_token_holds(account.proxy_token_id):
            rows.update(retire_error="The provider does not list the new token, so the one before is kept.")
            return
        provider.revoke_proxy_token(retired)
    except ProviderError as error:
        rows.update(retire_error=error.message[:2000])
        log.warning("tokens.not_revoked", account=account.name, error=error.message)
        return
    rows.update(retired_proxy_token_id="", proxy_token_retired_at=None, retire_error="")
    log.info("tokens.revoked", account=account.name)
