"""The provider's public prices of mid 2026, as the first rows."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import migrations

SOURCE = "Modal's public price list, mid 2026"
PRICES = {
    "gpu:H200": "0.001261",
    "gpu:B200": "0.001736",
    "gpu:H100": "0.001097",
    "cpu": "0.0000131",
    "memory": "0.00000222",
}


def add_prices(apps, schema_editor):
    Price = apps.get_model("deployments", "Price")
    for resource, usd_per_s in PRICES.items():
        Price.objects.get_or_create(
            provider="modal",
            resource=resource,
            effective_from=datetime(2026, 6, 1, tzinfo=UTC),
            defaults={"usd_per_s": Decimal(usd_per_s), "source": SOURCE, "checked_on": date(2026, 6, 30)},
        )


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]
    operations = [migrations.RunPython(add_prices, migrations.RunPython.noop)]
