"""Writes the replies of the playground."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from chat.runner.lives import beat, begin_life, end_life


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
    life = await asyncio.to_thread(begin_life, timezone.now())
    while not stop.is_set():
        await asyncio.to_thread(beat, life, timezone.now())
        try:
            await asyncio.wait_for(stop.wait(), 1.0)
        except TimeoutError:
            continue
    await asyncio.to_thread(end_life, life, timezone.now())
