"""What a key may be: its form, and never more than its maker's or its owner's power."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deployments.public import Actor, Scope

from .key_errors import KeyRefused
from .models.api_key import HOLD_LIMIT_RANGE_S, WhenAsleep
from .owners import scopes_of

if TYPE_CHECKING:
    from controlpanel.models import User

_NAME_LENGTH = 80
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Wish:
    """A key as asked for, with its form checked."""

    name: str
    scopes: frozenset[Scope]
    deployments: frozenset[str] | None
    expires_at: datetime | None
    when_asleep: WhenAsleep
    hold_limit_s: int | None


def invalid(fields: Mapping[str, str]) -> KeyRefused:
    """422 with what is wrong by field."""
    return KeyRefused("invalid", " ".join(fields.values()), status=422, fields=fields)


def not_allowed(message: str) -> KeyRefused:
    """403 with what would be needed."""
    return KeyRefused("not_allowed", message, status=403)


def may_make_for(actor: Actor, owner: "User") -> None:
    """Raise KeyRefused 403 where `actor` may make no key for `owner`."""
    if not actor.may(Scope.CHAT):
        raise not_allowed("Making a key needs the role Member. An admin can change your role.")
    if actor.user_id != owner.pk and not actor.may(Scope.ADMIN):
        raise not_allowed("Only an admin makes keys for somebody else.")
    if not owner.is_active:
        raise invalid({"owner": f"{owner.get_username()} is inactive, so no key of theirs works."})


def checked(
    *,
    name: str,
    scopes: Sequence[str],
    deployments: Sequence[str] | None,
    expires_at: datetime | None,
    when_asleep: str | None,
    hold_limit_s: int | None,
    now: datetime,
) -> Wish:
    """The wish with its form checked; KeyRefused 422 names every field that is wrong.

    Without `when_asleep` a key that may wake holds, and any other refuses.
    """
    chosen = when_asleep or (WhenAsleep.HOLD if Scope.WAKE in scopes else WhenAsleep.REFUSE)
    name = name.strip()
    wrong = {
        "name": _wrong_name(name),
        "scopes": _wrong_scopes(scopes),
        "deployments": _wrong_slugs(deployments),
        "expires_at": _wrong_expiry(expires_at, now),
        "when_asleep": _wrong_when_asleep(chosen, scopes),
        "hold_limit_s": _wrong_limit(hold_limit_s, chosen),
    }
    if any(wrong.values()):
        raise invalid({field: text for field, text in wrong.items() if text})
    slugs = None if deployments is None else frozenset(deployments)
    known = frozenset(Scope(scope) for scope in scopes)
    return Wish(name, known, slugs, expires_at, WhenAsleep(chosen), hold_limit_s)


def _wrong_name(name: str) -> str:
    if not name:
        return "Give the key a name, so that you know it again."
    if len(name) > _NAME_LENGTH or not name.isprintable():
        return f"Use a name of at most {_NAME_LENGTH} printable characters."
    return ""


def _wrong_scopes(scopes: Sequence[str]) -> str:
    known = [scope.value for scope in Scope]
    unknown = sorted({str(scope)[:40] for scope in scopes} - set(known))
    if unknown:
        return f"There is no scope {', '.join(unknown)}. Choose from {', '.join(known)}."
    return "" if scopes else f"Choose at least one scope of {', '.join(known)}."


def _wrong_slugs(slugs: Sequence[str] | None) -> str:
    if slugs is None:
        return ""
    if not slugs:
        return "Name at least one deployment, or leave it out for all of them."
    wrong = next((slug for slug in slugs if not _SLUG.fullmatch(slug)), None)
    return f"{wrong[:60]!r} is no slug of a deployment." if wrong is not None else ""


def _wrong_expiry(expires_at: datetime | None, now: datetime) -> str:
    if expires_at is None:
        return ""
    if expires_at.tzinfo is None:
        return "Name the time zone of the expiry, such as 2027-01-01T00:00:00Z."
    return "" if expires_at > now else "The expiry has to be in the future."


def _wrong_when_asleep(chosen: str, scopes: Sequence[str]) -> str:
    if chosen not in WhenAsleep.values:
        return f"Choose one of {', '.join(WhenAsleep.values)}."
    if chosen != WhenAsleep.REFUSE and Scope.WAKE not in scopes:
        return "Waking a server needs the scope wake: add it, or choose refuse."
    return ""


def _wrong_limit(limit_s: int | None, chosen: str) -> str:
    if limit_s is None:
        return ""
    if chosen != WhenAsleep.HOLD:
        return "Only a key that holds has a limit: choose hold, or leave the limit out."
    least, most = HOLD_LIMIT_RANGE_S
    return "" if least <= limit_s <= most else f"Give {least} to {most} seconds, or leave it out."


def within_power(wish: Wish, *, actor: Actor, owner: "User", expiry_of_actor: datetime | None) -> None:
    """Raise KeyRefused 403 where the key would be able to do more than its maker or its owner.

    `expiry_of_actor` is the end of the key by which `actor` came in; a key makes none that outlives it.
    """
    beyond = wish.scopes - (actor.scopes & scopes_of(owner))
    if beyond:
        names = ", ".join(sorted(beyond))
        raise KeyRefused(
            "not_allowed",
            f"A key never has more power than its maker and its owner; here not: {names}.",
            status=403,
            fields={"scopes": f"Leave out {names}."},
        )
    if actor.deployments is not None and (wish.deployments is None or wish.deployments - actor.deployments):
        message = f"Limit the key to deployments of: {', '.join(sorted(actor.deployments))}."
        raise KeyRefused("not_allowed", message, status=403, fields={"deployments": message})
    if expiry_of_actor is not None and (wish.expires_at is None or wish.expires_at > expiry_of_actor):
        message = f"A key made by a key ends no later than it: {expiry_of_actor:%Y-%m-%dT%H:%M:%SZ}."
        raise KeyRefused("not_allowed", message, status=403, fields={"expires_at": message})
