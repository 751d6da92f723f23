"""Requests that wait at the gateway for a server that wakes, beside those that are being forwarded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]

    operations = [
        migrations.AddField("inflight", "waiting", models.PositiveIntegerField(default=0)),
    ]
