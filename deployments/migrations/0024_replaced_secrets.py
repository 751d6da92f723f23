from django.db import migrations

import deployments.models.encrypted


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0023_kept_errors'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='replaced_secrets',
            field=deployments.models.encrypted.EncryptedTextField(blank=True, default='', editable=False),
        ),
    ]
