"""Runs the whole panel."""

import asyncio
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from controlpanel.supervisor.console import Console
from controlpanel.supervisor.lock import check_port, hold
from controlpanel.supervisor.up import up


class Command(BaseCommand):
    """`manage.py up`."""

    help = "Run everything: broker, stand-in cloud, web, workers and clock. Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """A link can be asked for again."""
        parser.add_argument("--link", action="store_true", help="print a one-time sign-in link in any case")

    def handle(self, *args: Any, **options: Any) -> None:
        """Hold the data folder, see that the port is free, run until told to stop."""
        with hold(settings.PANEL_DATA_DIR):
            check_port(settings.PORT)
            asyncio.run(up(Console(sys.stdout), want_link=options["link"]))
