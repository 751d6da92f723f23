"""Prints a one-time sign-in link, alone on its line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controlpanel.models import User
from controlpanel.people.link import new_link
from controlpanel.people.recording import COMMAND, changed


class Command(BaseCommand):
    """`manage.py sign_in_link --user NAME`."""

    help = "Print a link that signs one person in, once, within a day."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the person."""
        parser.add_argument("--user", required=True, help="user name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)[:10])
            raise CommandError(f"There is nobody called {options['user']}. People: {known or 'none yet'}.")
        if not user.is_active:
            raise CommandError(
                f"{user.username} is inactive. Make the person active in the admin site first."
            )
        link = new_link(user)
        changed(COMMAND, user, "make_sign_in_link", f"A sign-in link for {user.display_name} was made.")
        self.stdout.write(link)
