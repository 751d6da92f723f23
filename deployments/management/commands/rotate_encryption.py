"""`manage.py rotate_encryption`: what is encrypted is written anew with the first key."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from deployments.planning.power import SYSTEM
from deployments.services import audit, encryption


class Command(BaseCommand):
    """Put the new key first and keep the old one behind it, restart, run this, then drop the old one."""

    help = "Write every encrypted row anew with the first of FIELD_ENCRYPTION_KEYS; --check only counts them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether it is only looked at."""
        parser.add_argument("--check", action="store_true", help="only count the rows that need an old key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many rows of each table."""
        try:
            tables = encryption.stale() if options["check"] else encryption.rotate()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        for table in tables:
            verb = "need an older key" if options["check"] else "written with the first key"
            self.stdout.write(f"{table.name}: {table.rows} rows {verb} ({', '.join(table.columns)}).")
        rows = sum(table.rows for table in tables)
        if options["check"]:
            return
        if rows:
            words = f"{rows} encrypted rows were written with the first of FIELD_ENCRYPTION_KEYS."
            audit.record(SYSTEM, "rotate", target="encryption", summary=words)
        self.stdout.write("Every row opens with the first key alone: the keys behind it can be dropped.")
