"""Asking a provider who some credentials are: one free call, its errors in words, what it said on the row."""

from datetime import datetime
from decimal import Decimal

import structlog
from django.db import IntegrityError, transaction

from deployments.models import Account
from deployments.providers.base import AccountFacts, CredentialsRefused, NoEnvironment, ProviderError
from deployments.providers.registry import provider_for

from .errors import Refused

log = structlog.get_logger(__name__)

# What the column holds.
_MOST_USD = Decimal(10) ** 10


def asked(account: Account) -> AccountFacts:
    """What the provider says of the account's credentials, saved or not. Nothing is written.

    Raises Refused naming the field at fault: credentials_refused, no_environment, provider_refused, or 503
    unreachable.
    """
    where = account.get_provider_display()
    if not account.token_id:
        raise _refused("no_token", f"{account.name} has no token yet: give it one.", "token_id")
    try:
        return provider_for(account).check()
    except CredentialsRefused as error:
        words = f"{where} does not take this token: either id and secret do not belong together, or it was"
        raise _refused("credentials_refused", f"{words} revoked. It said: {error}", "token_secret") from error
    except NoEnvironment as error:
        raise _refused("no_environment", str(error), "environment") from error
    except ProviderError as error:
        if error.permanent:
            raise _refused("provider_refused", f"{where} refused. It said: {error}", "token_id") from error
        words = f"{where} could not be reached, so nothing was saved. Try again. It said: {error}"
        raise Refused("unreachable", words, status=503) from error


def _refused(code: str, words: str, field: str) -> Refused:
    return Refused(code, words, status=422, fields={field: words})


def check(account: Account, now: datetime) -> AccountFacts:
    """The same for a saved account; what was said, good or bad, is kept on its row. Raises Refused."""
    try:
        facts = asked(account)
    except Refused as error:
        Account.objects.filter(pk=account.pk).update(check_error=error.message[:2000])
        raise
    note(account, facts, now)
    account.refresh_from_db()
    return facts


def note(account: Account, facts: AccountFacts, now: datetime) -> None:
    """Keep what the provider said: workspace, and the environment's own budget."""
    rows = Account.objects.filter(pk=account.pk)
    rows.update(
        read_budget_usd=_sane(facts.cycle_budget_usd),
        read_budget_used_usd=_sane(facts.cycle_usage_usd),
        read_budget_reached=facts.spend_limit_reached,
        read_budget_at=now,
        checked_at=now,
        check_error="",
    )
    try:
        with transaction.atomic():
            rows.exclude(workspace=facts.workspace).update(workspace=facts.workspace)
    except IntegrityError:
        words = f"Another account looks after environment {account.environment} of {facts.workspace} too"
        rows.update(check_error=f"{words}: each sees the other's apps as unexplained. Remove one of them.")
        log.warning("accounts.same_place", account=account.name)


def refuse_same_place(account: Account, facts: AccountFacts, now: datetime) -> None:
    """Raise Refused where another account looks after the same environment of the same workspace."""
    others = Account.objects.filter(
        provider=account.provider, server_url=account.server_url, environment=account.environment
    ).exclude(pk=account.pk)
    for other in others:
        if other.workspace == "" and other.token_id != account.token_id:
            _learn(other, now)
        if other.workspace == facts.workspace or other.token_id == account.token_id:
            raise _refused(
                "same_place",
                f"The account {other.name} looks after environment {account.environment} of"
                f" {facts.workspace} already. Two would each see the other's apps as unexplained:"
                " use another environment.",
                "environment",
            )


def _learn(other: Account, now: datetime) -> None:
    """An account that was never asked for its workspace is asked now; if it cannot be, it stays unknown."""
    try:
        check(other, now)
    except Refused as error:
        log.warning("accounts.not_learnt", account=other.name, code=error.code)


def _sane(told: Decimal | None) -> Decimal | None:
    """What the provider says, or None where that is no amount."""
    usd = None if told is None else Decimal(told)
    return usd if usd is not None and usd.is_finite() and 0 <= usd < _MOST_USD else None
