"""Making, listing and revoking API keys."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from deployments.public import Actor, Scope, record_action

from . import key_rules as rules
from .key_errors import KeyRefused
from .models import ApiKey
from .models.api_key import ApiKeyQuerySet, digest

if TYPE_CHECKING:
    from controlpanel.models import User

SECRET_PREFIX = "pl_"  # noqa: S105 - how every key begins, not a key
_SECRET_BYTES = 32
_SHOWN_CHARACTERS = 6


def new_secret() -> str:
    """`pl_` and 256 random bits in 43 characters."""
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def create_key(
    *,
    actor: Actor,
    owner: "User",
    name: str,
    scopes: Sequence[str],
    deployments: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    when_asleep: str | None = None,
    hold_limit_s: int | None = None,
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The new key and its secret, which is not kept and cannot be shown again.

    `when_asleep` is a value of WhenAsleep; left out, a key that may wake holds and any other refuses.
    Raises KeyRefused: 403 `not_allowed` beyond the actor's power, 422 `invalid` naming every wrong field.
    """
    now = now or timezone.now()
    rules.may_make_for(actor, owner)
    wish = rules.checked(
        name=name,
        scopes=scopes,
        deployments=deployments,
        expires_at=expires_at,
        when_asleep=when_asleep,
        hold_limit_s=hold_limit_s,
        now=now,
    )
    rules.within_power(wish, actor=actor, owner=owner, expiry_of_actor=_expiry_of(actor))
    secret = new_secret()
    with transaction.atomic():
        key = _create(wish, owner, secret, now)
        summary = f"{actor.name} made the key “{key.name}” of {owner.display_name}: {', '.join(key.scopes)}."
        record_action(actor, "create_key", summary=summary, target=key.name, details=_facts(key))
    return key, secret


def _create(wish: rules.Wish, owner: "User", secret: str, now: datetime) -> ApiKey:
    return ApiKey.objects.create(
        owner=owner,
        name=wish.name,
        prefix=shown_prefix(secret),
        secret_hash=digest(secret),
        scopes=[scope.value for scope in Scope if scope in wish.scopes],
        deployments=None if wish.deployments is None else sorted(wish.deployments),
        created_at=now,
        expires_at=wish.expires_at,
        when_asleep=wish.when_asleep,
        hold_limit_s=wish.hold_limit_s,
    )


def _facts(key: ApiKey) -> dict[str, Any]:
    """What the audit record says of a key: how it begins, and what it may."""
    return {
        "prefix": f"{key.prefix}…",
        "scopes": key.scopes,
        "deployments": key.deployments if key.deployments is not None else "all",
        "expires_at": key.expires_at,
        "when_asleep": key.when_asleep,
        "hold_limit_s": key.hold_limit_s,
    }


def shown_prefix(secret: str) -> str:
    """How the secret begins: enough to know it again, too little to use it."""
    return secret[: len(SECRET_PREFIX) + _SHOWN_CHARACTERS]


def _expiry_of(actor: Actor) -> datetime | None:
    if actor.key_id is None:
        return None
    return ApiKey.objects.filter(pk=actor.key_id).values_list("expires_at", flat=True).first()


def list_keys(actor: Actor) -> ApiKeyQuerySet:
    """The keys that `actor` may see, newest first: their own, or everyone's for an admin."""
    keys = ApiKey.objects.of_people().select_related("owner")
    if actor.may(Scope.ADMIN):
        return keys
    return keys.filter(owner_id=actor.user_id) if actor.user_id is not None else keys.none()


def revoke_key(key_id: int, *, actor: Actor, now: datetime | None = None) -> ApiKey:
    """End a key for good; doing it again changes nothing. The gateway feels it within 5 s.

    Raises KeyRefused: 404 `not_found` where there is no such key or it is somebody else's, 403
    `not_allowed` for a key that only reads.
    """
    key = list_keys(actor).filter(pk=key_id).first()
    if key is None:
        raise KeyRefused("not_found", "The key was not found.", status=404)
    if not actor.may(Scope.CHAT):
        raise KeyRefused("not_allowed", "Revoking a key needs the role Member.", status=403)
    with transaction.atomic():
        standing = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True)
        if standing.update(revoked_at=now or timezone.now()):
            summary = f"{actor.name} revoked the key “{key.name}” of {key.owner.display_name}."
            record_action(actor, "revoke_key", summary=summary, target=key.name, details=_facts(key))
    key.refresh_from_db(fields=["revoked_at"])
    return key


def owner_named(username: str) -> "User":
    """The person called `username`; KeyRefused 422 naming the field `owner` where there is none."""
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise rules.invalid({"owner": "There is nobody of this user name."})
    return user


def owner_of(actor: Actor) -> "User":
    """The person who acts; KeyRefused 422 naming the field `owner` where the panel itself acts."""
    user = get_user_model().objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    if user is None:
        raise rules.invalid({"owner": "Name the person whose key it will be."})
    return user
