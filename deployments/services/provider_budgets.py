"""The provider environment's own monthly budget: the backstop that holds when the panel is dead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from deployments.models import Account, Budget, BudgetScope, Period


@dataclass(frozen=True, slots=True)
class ProviderBudget:
    """What is known of one account's. `amount_usd` is None where nothing is; `read_at` is None where an admin
    typed it in, on `typed_on`."""

    account: str
    provider: str
    environment: str
    amount_usd: Decimal | None
    used_usd: Decimal | None
    reached: bool
    read_at: datetime | None
    typed_on: date | None
    source: str
    beyond: bool

    @property
    def percent(self) -> int:
        """The used share in whole per cent, at most 100."""
        if not self.amount_usd or self.used_usd is None:
            return 0
        return min(100, int(self.used_usd * 100 / self.amount_usd))


def of(accounts: Iterable[Account]) -> list[ProviderBudget]:
    """Each account's, read before typed in. `beyond` where the panel's budget of a month lets more be spent
    than it. At most one query."""
    shown = [one for one in accounts if not one.is_sandbox or one.read_budget_usd]
    own = None
    if any(one.read_budget_usd or one.typed_budget_usd for one in shown):
        rows = Budget.objects.filter(scope=BudgetScope.PANEL, period=Period.MONTH)
        own = rows.values_list("amount_usd", flat=True).first()
    return [_of(account, own) for account in shown]


def _of(account: Account, own: Decimal | None) -> ProviderBudget:
    read = account.read_budget_usd is not None
    amount = account.read_budget_usd if read else account.typed_budget_usd
    return ProviderBudget(
        account=account.name,
        provider=account.get_provider_display(),
        environment=account.environment,
        amount_usd=amount,
        used_usd=account.read_budget_used_usd if account.read_budget_at is not None else None,
        reached=account.read_budget_reached,
        read_at=account.read_budget_at if read else None,
        typed_on=None if read or amount is None else account.typed_budget_on,
        source="" if read else account.typed_budget_source,
        beyond=amount is not None and own is not None and own > amount,
    )
