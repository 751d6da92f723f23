"""Accounts as pages and REST tell them: what is there and since when, never a secret."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from deployments.models import Account, Cause

from . import provider_budgets
from .accounts import managed
from .provider_budgets import ProviderBudget
from .rotation import WORDS, Rotated


@dataclass(frozen=True, slots=True)
class SecretView:
    """Whether a secret is there and when it was last changed (None: not known). `public` is its id, where
    it has one that may be shown."""

    kind: Rotated
    words: str
    is_set: bool
    changed_at: datetime | None
    public: str = ""


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account; `problems` are in words, what is worst first."""

    row: Account
    secrets: tuple[SecretView, ...]
    budget: ProviderBudget | None
    deployments: int
    lit: int
    managed: bool

    @property
    def problems(self) -> list[str]:
        """What the provider said no to, and what did not arrive there."""
        row = self.row
        said = [row.check_error, f"At the last look it said: {row.last_error}" if row.last_error else ""]
        if row.secrets_error:
            said.append(f"The secrets do not lie at the provider as they are kept here: {row.secrets_error}")
        if row.retire_error:
            said.append(f"The proxy token before is not revoked yet: {row.retire_error}")
        return list(dict.fromkeys(filter(None, said)))


def views() -> list[AccountView]:
    """Every account, by name, the sandbox last. At most two queries."""
    there = Count("deployments", filter=Q(deployments__archived_at__isnull=True), distinct=True)
    burns = Q(runs__ended_at__isnull=True) & ~Q(runs__cause=Cause.DOWNLOAD)
    lit = Count("runs", filter=burns, distinct=True)
    rows = Account.objects.annotate(there=there, lit=lit).order_by("is_sandbox", "name")
    budgets = {budget.account: budget for budget in provider_budgets.of(rows)}
    return [_view(row, row.there, row.lit, budgets.get(row.name)) for row in rows]


def view(account: Account) -> AccountView:
    """One of them."""
    there = account.deployments.filter(archived_at__isnull=True).count()
    budget = next(iter(provider_budgets.of([account])), None)
    lit = account.runs.filter(ended_at__isnull=True).exclude(cause=Cause.DOWNLOAD).count()
    return _view(account, there, lit, budget)


def _view(account: Account, there: int, lit: int, budget: ProviderBudget | None) -> AccountView:
    return AccountView(account, secret_views(account), budget, there, lit, managed(account))


def secret_views(account: Account) -> tuple[SecretView, ...]:
    """Every secret of the account."""
    token_there = bool(account.token_id and account.token_secret)
    return (
        _secret(Rotated.TOKEN, token_there, account.token_changed_at, account.token_id),
        _secret(
            Rotated.PROXY_TOKEN, bool(account.proxy_token_id), account.proxy_token_changed_at,
            account.proxy_token_id,
        ),
        _secret(Rotated.ENGINE_KEY, bool(account.engine_key), account.engine_key_changed_at),
        _secret(
            Rotated.HUGGINGFACE_TOKEN, bool(account.huggingface_token), account.huggingface_changed_at
        ),
    )  # fmt: skip


def _secret(kind: Rotated, is_set: bool, at: datetime | None, public: str = "") -> SecretView:
    return SecretView(kind, WORDS[kind], is_set, at, public)
