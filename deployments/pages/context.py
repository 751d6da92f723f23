"""What every page's frame shows: who looks, what burns, whether everything is frozen."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from deployments.models import Freeze
from deployments.planning.power import Actor, Scope
from deployments.services import budgets, frozen, orphan_requests, status
from deployments.services.budgets import BudgetView
from deployments.services.orphan_requests import OrphanView


class Panel:
    """Asks the database only for what a template reads."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._actor: Actor | None = getattr(request, "actor", None)

    @property
    def signed_in(self) -> bool:
        """True for a person with a role."""
        return self._actor is not None

    @cached_property
    def burning(self) -> status.Burning:
        """Dollars an hour, over all that is lit."""
        return status.burning()

    @cached_property
    def freeze(self) -> Freeze | None:
        """The open freeze."""
        return frozen.current_freeze() if self._actor else None

    @cached_property
    def spent_budgets(self) -> list[BudgetView]:
        """Budgets that are nearly or all spent."""
        return budgets.told_aloud(timezone.now()) if self._actor else []

    @cached_property
    def unexplained(self) -> list[OrphanView]:
        """What burns and no deployment explains, for those who can put it out."""
        return orphan_requests.burning(timezone.now()) if self.may_operate else []

    @property
    def person(self) -> str:
        """The name in the user menu."""
        return self._actor.name if self._actor else ""

    @property
    def theme(self) -> str:
        """light, dark, or empty where the system decides."""
        theme = getattr(getattr(self._request, "user", None), "theme", "")
        return theme if theme in ("light", "dark") else ""

    @property
    def may_operate(self) -> bool:
        """True where freezes, force and timed leases are open."""
        return self._actor is not None and self._actor.may(Scope.OPERATE)

    @property
    def may_admin(self) -> bool:
        """True where configuration and the admin site are open."""
        return self._actor is not None and self._actor.may(Scope.ADMIN)


def panel(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `panel` for every template."""
    return {"panel": Panel(request)}
