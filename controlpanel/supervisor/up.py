"""The course of `manage.py up`."""

import asyncio
import os
import signal

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from ..models import User
from ..people.first_admin import FIRST_ADMIN, ensure_first_admin
from ..people.link import new_link
from .broker import broker_program
from .cloud import ensure_first_account, modal_from_environment, sandbox_program, uses_sandbox
from .console import Console
from .supervise import GaveUp, Supervisor
from .table import beat_program, runner_programs, web_program, worker_programs


async def up(console: Console, *, want_link: bool) -> None:
    """Run the panel until a signal comes. Raises CommandError where a child cannot be kept alive."""
    supervisor = Supervisor(console)
    _listen_to_signals(supervisor)
    _set_environment()
    try:
        await _start(supervisor, want_link=want_link)
        await supervisor.stop_asked.wait()
    except GaveUp as error:
        supervisor.failure = str(error)
    finally:
        console.say("Stopping: running tasks may finish. Ctrl-C again ends everything at once.")
        await supervisor.stop()
    if supervisor.failure:
        raise CommandError(supervisor.failure)
    console.say("Stopped.")


async def _start(supervisor: Supervisor, *, want_link: bool) -> None:
    """Bring the stages up one after another; a stop that is asked for meanwhile is obeyed between them."""
    first = [broker_program()] if settings.PANEL_EMBEDDED_BROKER else []
    await supervisor.start(first)
    await asyncio.to_thread(_prepare_database)
    if uses_sandbox():
        if not supervisor.stop_asked.is_set():
            await supervisor.start([sandbox_program(ensure_first_account)])
    else:
        await asyncio.to_thread(ensure_first_account, modal_from_environment())
    if not supervisor.stop_asked.is_set():
        await supervisor.start([web_program(), *runner_programs(), *worker_programs(), beat_program()])
    if not supervisor.stop_asked.is_set():
        await asyncio.to_thread(_welcome, supervisor.console, want_link)


def _listen_to_signals(supervisor: Supervisor) -> None:
    def asked() -> None:
        if supervisor.stop_asked.is_set():
            supervisor.kill()
            supervisor.console.say("Ended at once.")
            os._exit(1)
        supervisor.stop_asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)


def _set_environment() -> None:
    """What every child inherits; the password is nobody's business but the first start's."""
    os.umask(0o077)
    os.environ["PANEL_DATA_DIR"] = str(settings.PANEL_DATA_DIR)
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.pop("PANEL_ADMIN_PASSWORD", None)


def _prepare_database() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
        if not User.objects.exists():
            ensure_first_admin(settings.PANEL_ADMIN_PASSWORD)
    finally:
        connections.close_all()


def _welcome(console: Console, want_link: bool) -> None:
    try:
        admin = User.objects.filter(username=FIRST_ADMIN, is_active=True).first()
        link = new_link(admin) if admin and (want_link or admin.last_login is None) else None
    finally:
        connections.close_all()
    cloud = "a stand-in on this machine; nobody is billed" if uses_sandbox() else "Modal; use is billed"
    console.say()
    console.say(f"Pilotlight is at {settings.PANEL_PUBLIC_URL}")
    console.say(f"  user   {FIRST_ADMIN}")
    if link:
        console.say(f"  link   {link} (signs in once, within a day)")
    console.say(f"  data   {settings.PANEL_DATA_DIR}")
    console.say(f"  cloud  {cloud}")
    console.say("Ctrl-C stops it.")
    console.say()
