"""`manage.py import_config SLUG FILE`: take a YAML file in as the configuration."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.models import Account, Deployment
from deployments.planning.power import SYSTEM
from deployments.services.configuration_files import create_from, planned, take_in
from deployments.services.errors import Refused

from ._deployments import deployment_named


class Command(BaseCommand):
    """Saves the configuration of a file. Nothing that runs is touched."""

    help = "Save the configuration of a YAML file, as export_config prints it; - reads standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, the file, and whether to make the deployment."""
        parser.add_argument("slug")
        parser.add_argument("file", help="a path, or - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, save nothing")
        parser.add_argument("--create", metavar="ACCOUNT", help="make the deployment, in this account")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what changed, one setting to a line, and what speaks against a release of it."""
        text = _text(options["file"])
        try:
            if options["create"] is not None:
                if options["dry_run"]:
                    raise CommandError("--dry-run: compares with a deployment that is there; leave out one.")
                made = create_from(
                    text, actor=SYSTEM, slug=options["slug"], account=_account(options["create"])
                )
                self.stdout.write(f"{made.slug} is made, and off.")
                return
            self._into(deployment_named(options["slug"]), text, save=not options["dry_run"])
        except Refused as error:
            raise CommandError(error.message) from error

    def _into(self, deployment: Deployment, text: str, *, save: bool) -> None:
        plan = planned(deployment, text)
        if save:
            take_in(deployment, text, actor=SYSTEM, base=plan.base)
        for change in plan.changes:
            self.stdout.write(f"{change.field}: {change.before!r} -> {change.after!r}")
        for found in plan.judged.findings:
            self.stdout.write(f"{found.level}: {found.words}")
        saved = "Saved; the next release freezes it." if save else "Nothing was saved."
        self.stdout.write(saved if plan.changes else "Nothing differs.")


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8-sig")
    except OSError as error:
        raise CommandError(f"file: {name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"file: {name} is no text in UTF-8.") from error


def _account(name: str) -> Account:
    found = Account.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Account.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"--create: {name!r} is no account. There is: {known}.")
    return found
