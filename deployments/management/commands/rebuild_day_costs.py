"""`manage.py rebuild_day_costs`: the daily sums of what was spent, written anew from the charges."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from deployments.services import daily


class Command(BaseCommand):
    """Needed only where somebody changed charges by hand. `--check` changes nothing."""

    help = "Write the daily sums of costs anew from the charges, or say with --check whether they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether it is only looked at."""
        parser.add_argument("--check", action="store_true", help="only count the places that differ")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was found or written."""
        if options["check"]:
            self.stdout.write(f"{daily.differences()} places differ from their charges.")
        else:
            self.stdout.write(f"{daily.rebuild()} daily rows are written.")
