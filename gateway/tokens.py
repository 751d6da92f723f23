"""Tokens by which the panel itself comes in for a person: short-lived keys that no list shows."""

from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from deployments.public import Scope

from .key_errors import KeyRefused
from .keys import new_secret, shown_prefix
from .models import ApiKey, WhenAsleep
from .models.api_key import digest
from .owners import scopes_of

LONGEST_S = 24 * 3600
# The books of an answer that ended just before its token may still name it.
_KEPT_AFTER_END = timedelta(hours=1)


def issue_token(
    user_id: int,
    *,
    purpose: str,
    lifetime_s: int,
    scopes: frozenset[Scope],
    now: datetime | None = None,
) -> str:
    """The secret of a new token of that person, with those of `scopes` that their role has now.

    It is good for `lifetime_s` seconds (at most a day), holds requests while a server wakes where `wake` is
    among its scopes, and is named by `purpose` in leases. KeyRefused 403 where the person is unknown or
    inactive, or the role has none of `scopes`. ValueError for a lifetime out of bounds.
    """
    if not 0 < lifetime_s <= LONGEST_S:
        raise ValueError(f"A token lives 1 to {LONGEST_S} s, not {lifetime_s}.")
    now = now or timezone.now()
    owner = get_user_model().objects.filter(pk=user_id).first()
    granted = scopes & scopes_of(owner) if owner is not None else frozenset()
    if owner is None or not granted:
        raise KeyRefused("not_allowed", "This person may do none of that now.", status=403)
    secret = new_secret()
    ApiKey.objects.create(
        owner=owner,
        name=purpose.strip()[:80] or "panel",
        prefix=shown_prefix(secret),
        secret_hash=digest(secret),
        scopes=[scope.value for scope in Scope if scope in granted],
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime_s),
        when_asleep=WhenAsleep.HOLD if Scope.WAKE in granted else WhenAsleep.REFUSE,
        internal=True,
    )
    return secret


def revoke_token(secret: str, *, now: datetime | None = None) -> None:
    """End a token before its time; the gateway feels it within 5 s. Repeating it changes nothing."""
    tokens = ApiKey.objects.filter(secret_hash=digest(secret), internal=True, revoked_at__isnull=True)
    tokens.update(revoked_at=now or timezone.now())


def prune_tokens(now: datetime | None = None) -> int:
    """Delete tokens that have been over for an hour; how many. Their usage stays, with its person."""
    before = (now or timezone.now()) - _KEPT_AFTER_END
    gone = ApiKey.objects.spent_tokens(before=before).delete()[1]
    return gone.get(ApiKey._meta.label, 0)
