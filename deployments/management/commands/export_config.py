"""`manage.py export_config SLUG`: the configuration as a YAML file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.services.configuration_files import exported
from deployments.services.errors import Refused

from ._deployments import deployment_named


class Command(BaseCommand):
    """Prints what `import_config` reads. It holds no secret, and not the name of the app."""

    help = "Print the configuration of a deployment as YAML, as import_config reads it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The slug, and a release other than what is saved."""
        parser.add_argument("slug")
        parser.add_argument("--release", type=int, help="the number of a release; default: what is saved")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write YAML to stdout."""
        try:
            text = exported(deployment_named(options["slug"]), options["release"])
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(text, ending="")
