"""Makes the first admin and prints a one-time sign-in link, alone on its line."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from controlpanel.models import User
from controlpanel.people.first_admin import FIRST_ADMIN, ensure_first_admin
from controlpanel.people.link import new_link
from controlpanel.people.recording import COMMAND, changed


class Command(BaseCommand):
    """`manage.py first_admin`: does nothing but print a link where the admin is already there."""

    help = "Make the user admin where nobody exists yet, and print a one-time sign-in link."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the admin and print the link."""
        try:
            user = ensure_first_admin(settings.PANEL_ADMIN_PASSWORD)
        except User.DoesNotExist as error:
            remedy = "Use: manage.py sign_in_link --user NAME"
            raise CommandError(f"People exist, and none is called {FIRST_ADMIN}. {remedy}") from error
        link = new_link(user)
        changed(COMMAND, user, "make_sign_in_link", f"A sign-in link for {user.display_name} was made.")
        self.stdout.write(link)
