"""Makes an API key and prints it, alone on its line."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from deployments.public import Actor, Scope, Via
from gateway.expiry import parse_expiry
from gateway.key_errors import KeyRefused
from gateway.keys import create_key, owner_named
from gateway.models import WhenAsleep
from gateway.owners import scopes_of

_BY_DEFAULT = (Scope.READ, Scope.CHAT, Scope.WAKE)
_COMMAND = Actor(user_id=None, name="a command", scopes=frozenset(Scope), via=Via.COMMAND)


class Command(BaseCommand):
    """`manage.py create_key`: the key alone on stdout, everything else on stderr."""

    help = "Make an API key and print it once, alone on its line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose key, and what it may do."""
        parser.add_argument("--user", required=True, help="user name of the owner")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scopes", help="comma list; without it read, chat and wake, as far as the role goes"
        )
        parser.add_argument("--deployments", help="comma list of slugs; without it all deployments")
        parser.add_argument(
            "--expires", help="a day or time (2027-01-01) or a duration (90d, 12h); never without"
        )

        parser.add_argument(
            "--when-asleep",
            choices=WhenAsleep.values,
            help="hold wakes and waits, answer wakes and says 503, refuse wakes nothing;"
            " without it a key that may wake holds",
        )
        parser.add_argument(
            "--hold-limit-s",
            type=int,
            help="how long a call without a stream is held; without it as expected",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key; CommandError says what is wrong."""
        now = timezone.now()
        try:
            key, secret = self._create(options, now)
        except KeyRefused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stderr.write(
            f"Key {key.name!r} of {options['user']}: {', '.join(key.scopes)}. It is shown this once."
        )
        self.stdout.write(secret)

    def _create(self, options: dict[str, Any], now: datetime) -> Any:
        owner = owner_named(options["user"])
        given = _items(options["scopes"])
        scopes = [s for s in _BY_DEFAULT if s in scopes_of(owner)] if given is None else given
        return create_key(
            actor=_COMMAND,
            owner=owner,
            name=options["name"],
            scopes=scopes,
            deployments=_items(options["deployments"]),
            expires_at=parse_expiry(options["expires"], now=now.astimezone(UTC)),
            when_asleep=options["when_asleep"],
            hold_limit_s=options["hold_limit_s"],
            now=now,
        )


def _items(text: str | None) -> list[str] | None:
    if text is None:
        return None
    return [item.strip() for item in text.split(",") if item.strip()]
