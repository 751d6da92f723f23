"""All that the rest of the panel may use of the gateway."""

from datetime import datetime

from django.utils import timezone

from deployments.public import Actor, Via

from .counting import BEYOND, BOUNDS_S, counts
from .door.incoming import NO_WAKE
from .key_errors import KeyRefused
from .keys import create_key, list_keys, revoke_key
from .known_key import look_up, mark_used
from .models import WhenAsleep
from .models.api_key import digest
from .tokens import issue_token, revoke_token

__all__ = [
    "BEYOND", "BOUNDS_S", "NO_WAKE", "KeyRefused", "WhenAsleep", "actor_for_key", "counts", "create_key",
    "issue_token", "list_keys", "revoke_key", "revoke_token",
]  # fmt: skip


def actor_for_key(
    secret: str, *, via: Via, address: str | None = None, now: datetime | None = None
) -> Actor | None:
    """Who calls with the key `secret`; None where it opens nothing.

    That is where it is unknown, revoked or expired, or its owner inactive or without a role. Costs two
    queries, and once a minute one more that notes the use.
    """
    now = now or timezone.now()
    known = look_up(digest(secret), now=now)
    if known is None:
        return None
    mark_used({known.key_id: now})
    return known.actor(via=via, address=address)
