"""Brings a backup back, frozen."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from controlpanel.backup.manifest import Unusable
from controlpanel.backup.restoring import restore


class Command(BaseCommand):
    """`manage.py restore --from FILE`."""

    help = "Put a backup in the place of the database, with everything stopped. The panel is frozen after it."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """What from, and whether over what is there."""
        parser.add_argument(
            "--from", required=True, type=Path, dest="source", help="a file of manage.py backup"
        )
        parser.add_argument("--force", action="store_true", help="in the place of a database that is there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was restored, and what comes next."""
        try:
            done = restore(options["source"], force=options["force"], now=timezone.now())
        except (Unusable, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"Restored the panel of {done.manifest.made_at}; {done.secrets} secrets can be read."
        )
        if done.kept is not None:
            self.stdout.write(f"What was there lies in {done.kept}.")
        self.stdout.write(
            "Everything is frozen: nothing is lit until an admin lifts the freeze, and what this panel had"
            " lit is put out once its workers run. Do not start it beside a panel of the same accounts."
        )
