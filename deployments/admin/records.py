"""What happened, to read; and prices, which only grow."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from deployments.models import Action, Budget, Lease, Price, Release, Run
from deployments.services import audit


class Reading(ModelAdmin):  # type: ignore[misc]
    """Nothing can be added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; the page still shows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Release)
class ReleaseAdmin(Reading):
    """Releases."""

    list_display = ["deployment", "number", "created_at", "author_name", "note"]
    list_select_related = ["deployment"]
    list_filter = ["deployment"]


@admin.register(Run)
class RunAdmin(Reading):
    """Runs."""

    list_display = [
        "deployment",
        "number",
        "cause",
        "lit_for",
        "first_seen_at",
        "ended_at",
        "end_reason",
        "cost_usd",
    ]
    list_select_related = ["deployment"]
    list_filter = ["deployment", "cause", "end_reason"]


@admin.register(Lease)
class LeaseAdmin(Reading):
    """Leases."""

    list_display = ["deployment", "holder_name", "via", "created_at", "until", "ended_at", "end_reason"]
    list_select_related = ["deployment"]
    list_filter = ["deployment", "via"]


@admin.register(Budget)
class BudgetAdmin(Reading):
    """Budgets. They are set on the costs page, which says what follows."""

    list_display = ["scope", "deployment", "user", "key_id", "period", "time_zone", "amount_usd", "spent_usd"]
    list_select_related = ["deployment", "user"]


@admin.register(Action)
class ActionAdmin(Reading):
    """The audit record."""

    list_display = ["at", "actor_name", "via", "summary", "usd"]
    list_filter = ["verb", "via"]
    search_fields = ["actor_name", "summary"]


@admin.register(Price)
class PriceAdmin(Reading):
    """Prices. A change is a new row with its date and source: what was paid before stays as it was."""

    list_display = ["resource", "account", "usd_per_s", "effective_from", "source", "checked_on"]
    list_select_related = ["account"]
    fields = ["provider", "account", "resource", "usd_per_s", "effective_from", "source", "checked_on"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Prices can be added."""
        return bool(ModelAdmin.has_add_permission(self, request))

    def save_model(self, request: HttpRequest, obj: Price, form: Any, change: bool) -> None:
        """Save, and leave a line in the audit record."""
        super().save_model(request, obj, form, change)
        actor = request.actor  # type: ignore[attr-defined]
        audit.record(
            actor,
            "price",
            target=obj.resource,
            summary=f"{actor.name} added a price of {obj.resource}: {obj.source}.",
            details=_change(obj),
        )


def _change(added: Price) -> dict[str, Any]:
    """What a second costs from the new row on, and what it cost before."""
    before = (
        Price.objects.filter(provider=added.provider, account=added.account, resource=added.resource)
        .filter(effective_from__lt=added.effective_from)
        .order_by("-effective_from")
        .first()
    )
    rates = {"before": before.usd_per_s if before is not None else None, "after": added.usd_per_s}
    return {"usd_per_s": rates, "effective_from": added.effective_from}
