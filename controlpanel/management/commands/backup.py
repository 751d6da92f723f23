"""Makes a backup while everything runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from controlpanel.backup.making import make
from controlpanel.backup.manifest import Unusable


class Command(BaseCommand):
    """`manage.py backup --to FOLDER_OR_FILE`."""

    help = "Write the database into one file, as of one instant, while everything runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and whether with the keys."""
        parser.add_argument("--to", required=True, type=Path, help="a folder that is there, or a file's name")
        parser.add_argument("--force", action="store_true", help="write over a file that is there")
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put the data folder's keys in: the file is a secret then",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print where it lies."""
        try:
            path = make(
                options["to"], with_keys=options["with_keys"], force=options["force"], now=timezone.now()
            )
        except Unusable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(path))
        if not options["with_keys"]:
            self.stderr.write(
                "Keep FIELD_ENCRYPTION_KEYS (or field-encryption-keys of the data folder) apart: without them"
                " the credentials in this backup cannot be read again."
            )
