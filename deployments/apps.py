"""The app, and the rows that every database of it begins with."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeploymentsConfig(AppConfig):
    """What is wanted, what runs, what it costs."""

    name = "deployments"
    label = "deployments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """After each migration the public prices are there; a price that is there already stays."""
        post_migrate.connect(_ensure_prices, sender=self, dispatch_uid="deployments.prices")


def _ensure_prices(**_: Any) -> None:
    from .ledger import public_prices
    from .models import Price

    for resource, usd_per_s in public_prices.USD_PER_S.items():
        Price.objects.get_or_create(
            provider="modal",
            account=None,
            resource=resource,
            effective_from=public_prices.EFFECTIVE_FROM,
            defaults={
                "usd_per_s": usd_per_s,
                "source": public_prices.SOURCE,
                "checked_on": public_prices.CHECKED_ON,
            },
        )
