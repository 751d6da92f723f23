"""What a member's start of a deployment may cost."""

from decimal import Decimal

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0012_boot_end")]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="member_cap_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="What a member’s start may cost at most, as quoted; empty for no cap.",
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
            ),
        ),
    ]
