"""Writes the replies of the playground."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from chat.runner.desk import Desk
from chat.runner.gateway import Gateway


class Command(BaseCommand):
    """`manage.py runner`."""

    help = "Write the playground's replies. Any number of these may run."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        asyncio.run(_run())


async def _run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Desk(Gateway()).run(stop)
