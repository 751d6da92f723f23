"""What becomes of requests while the server is not lit, and the panel's own tokens."""

from typing import Any

from django.db import migrations, models


def hold_where_it_may_wake(apps: Any, schema_editor: Any) -> None:
    """Keys that may wake do so from now on when they ask, as new ones do."""
    ApiKey = apps.get_model("gateway", "ApiKey")
    for key in ApiKey.objects.all():
        if "wake" in key.scopes:
            ApiKey.objects.filter(pk=key.pk).update(when_asleep="hold")


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_initial")]

    operations = [
        migrations.AddField(
            "apikey", "hold_limit_s", models.PositiveIntegerField(blank=True, default=None, null=True)
        ),
        migrations.AddField("apikey", "internal", models.BooleanField(default=False, editable=False)),
        migrations.AddField(
            "apikey",
            "when_asleep",
            models.CharField(
                choices=[
                    ("hold", "wake it and hold the request until it is ready"),
                    ("answer", "wake it and answer 503 at once"),
                    ("refuse", "refuse and wake nothing"),
                ],
                default="refuse",
                max_length=8,
            ),
        ),
        migrations.RunPython(hold_where_it_may_wake, migrations.RunPython.noop),
    ]
