"""From a key's hash to what it may do, straight from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from deployments.public import Actor, Scope, Via

from .models import ApiKey, WhenAsleep
from .owners import scopes_of

_USE_RESOLUTION = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A valid key: what it is good for at this moment, without its secret.

    `internal`: the panel's own token, by which a page asks for a person who has seen what a wake costs.
    """

    key_id: int
    owner_id: int
    owner_name: str
    scopes: frozenset[Scope]
    deployments: frozenset[str] | None
    expires_at: datetime | None
    when_asleep: WhenAsleep = WhenAsleep.REFUSE
    hold_limit_s: int | None = None
    name: str = ""
    internal: bool = False

    def actor(self, *, via: Via, address: str | None) -> Actor:
        """The actor of a call made with this key."""
        return Actor(
            user_id=self.owner_id,
            name=self.owner_name,
            scopes=self.scopes,
            via=via,
            key_id=self.key_id,
            address=address,
            deployments=self.deployments,
        )


def look_up(secret_hash: str, *, now: datetime) -> KnownKey | None:
    """The valid key of this hash; None where it opens nothing. Two queries."""
    key = ApiKey.objects.valid(now=now).select_related("owner").filter(secret_hash=secret_hash).first()
    if key is None:
        return None
    scopes = frozenset(key.scopes) & scopes_of(key.owner)
    if not scopes:
        return None
    return KnownKey(
        key_id=key.pk,
        owner_id=key.owner_id,
        owner_name=key.owner.display_name,
        scopes=frozenset(Scope(scope) for scope in scopes),
        deployments=None if key.deployments is None else frozenset(key.deployments),
        expires_at=key.expires_at,
        when_asleep=WhenAsleep(key.when_asleep) if Scope.WAKE in scopes else WhenAsleep.REFUSE,
        hold_limit_s=key.hold_limit_s,
        name=key.name,
        internal=key.internal,
    )


def mark_used(used_at: Mapping[int, datetime]) -> None:
    """Note the last use of keys by id. A use within a minute of the noted one writes nothing."""
    for key_id, at in used_at.items():
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at - _USE_RESOLUTION)
        ApiKey.objects.filter(stale, pk=key_id).update(last_used_at=at)
