from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="message", name="waits_since", field=models.DateTimeField(default=timezone.now)
        ),
    ]
