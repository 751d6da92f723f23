"""`manage.py reconcile_once`: one look and one round, by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from deployments.models import Account, Deployment
from deployments.services.observe import observe
from deployments.services.reconcile import reconcile


class Command(BaseCommand):
    """Looks at every account and carries out the next steps of every deployment, without any worker."""

    help = "Look at every account once, then carry out the next steps of every deployment."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was seen and what was done. Long steps (a deploy, a wake) are handed to the workers."""
        for account in Account.objects.all():
            observe(account.pk, force=True)
            account.refresh_from_db()
            seen = f"cannot be read: {account.last_error}" if account.blind_since else "seen"
            self.stdout.write(f"{account.name}: {seen}")
        for deployment in Deployment.objects.filter(archived_at__isnull=True):
            steps = reconcile(deployment.pk)
            done = ", ".join(type(step).__name__ for step in steps) or "nothing to do"
            self.stdout.write(f"{deployment.slug}: {done}")
