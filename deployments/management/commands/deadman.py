"""Says how the dead-man message stands, or sends it now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from deployments.services import deadman


class Command(BaseCommand):
    """`manage.py deadman`: ends with 1 while the message would be withheld."""

    help = "Show when the dead-man message was last sent, and why it is withheld if it is."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--call` sends it now, if all is well."""
        parser.add_argument("--call", action="store_true", help="send it now, if all is well")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        if options["call"]:
            deadman.call()
        report = deadman.report(timezone.now())
        self.stdout.write(f"address: {'set' if report.is_set else 'DEADMAN_URL is not set'}")
        self.stdout.write(f"last answered: {report.called_at or 'never'}")
        self.stdout.write(f"last failed: {report.failed_at or 'never'}")
        if report.withheld:
            raise CommandError("withheld: " + "; ".join(report.withheld))
        self.stdout.write("all is well")
