"""The rules of the new fields: apart from the change of rows, which PostgreSQL keeps from a change of the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0002_when_asleep")]

    operations = [
        migrations.AddField(
            "usagerecord", "waited_s", models.FloatField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(when_asleep__in=["hold", "answer", "refuse"]),
                name="api_key_when_asleep_is_known",
            ),
        ),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(hold_limit_s__isnull=True) | models.Q(hold_limit_s__range=(5, 3600)),
                name="api_key_hold_limit_is_bearable",
            ),
        ),
        migrations.AddConstraint(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(internal=False) | models.Q(expires_at__isnull=False),
                name="internal_key_expires",
            ),
        ),
    ]
