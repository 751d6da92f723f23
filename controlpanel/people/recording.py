"""Lines of the audit record about coming in and about oneself. None holds a password, or a name that was
typed and is nobody's: it may be a password in the wrong field."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from deployments.public import Actor, Scope, Via, record_action, told_lately

from ..models import User
from ..roles import actor_for

_MINUTE = timedelta(minutes=1)
# Whoever sits at the machine itself.
COMMAND = Actor(None, "the command line", frozenset(Scope), Via.COMMAND)


def actor_of(person: User, request: HttpRequest) -> Actor:
    """`person` at this moment, with or without a role."""
    address = request.META.get("REMOTE_ADDR")
    known = actor_for(person, via=Via.PAGE, address=address)
    return known or Actor(person.pk, person.display_name, frozenset(), Via.PAGE, address=address)


def signed_in(request: HttpRequest, person: User, *, way: str) -> None:
    """`person` came in by `way`: a password, or a link."""
    summary = f"{person.display_name} signed in with a {way}."
    record_action(actor_of(person, request), "sign_in", summary=summary, target=person.username)


def signed_out(request: HttpRequest, person: User) -> None:
    """`person` went out."""
    summary = f"{person.display_name} signed out."
    record_action(actor_of(person, request), "sign_out", summary=summary, target=person.username)


def missed(request: HttpRequest, username: str) -> None:
    """Somebody was not let in. Of names that are nobody's one line a minute and address is kept, so that
    guessing does not fill the record."""
    person = _named(username)
    whom = f"as {person.display_name}" if person is not None else "under a name that is nobody’s"
    summary = f"Somebody could not sign in {whom}."
    _strange(request, "failed_sign_in", summary, person, within=None if person is not None else _MINUTE)


def locked(request: HttpRequest, username: str) -> None:
    """The address is held off for this name. Told once for each time that it is."""
    person = _named(username)
    whom = person.display_name if person is not None else "a name that is nobody’s"
    summary = f"Too many misses: this address is held off from signing in as {whom}."
    _strange(request, "locked_out", summary, person, within=settings.AXES_COOLOFF_TIME)


def _named(username: str) -> User | None:
    return User.objects.filter(username=username.replace("\x00", "")[:150]).first()


def _strange(
    request: HttpRequest, verb: str, summary: str, person: User | None, *, within: timedelta | None
) -> None:
    """A line of somebody who did not come in; with `within` none where there is one as young as that."""
    address = request.META.get("REMOTE_ADDR") or ""
    target = person.username if person is not None else ""
    if within is not None and told_lately(verb, target=target, address=address, within=within):
        return
    stranger = Actor(None, "a stranger", frozenset(), Via.PAGE, address=address)
    record_action(stranger, verb, summary=summary, target=target)


def changed(
    actor: Actor, person: User, verb: str, summary: str, changes: Mapping[str, Any] | None = None
) -> None:
    """Something about `person` is another one."""
    record_action(actor, verb, summary=summary, target=person.username, details=changes)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, as the record keeps it. Of a mail address only that it does."""
    found = {name: {"before": before.get(name), "after": after[name]} for name in after}
    found = {name: pair for name, pair in found.items() if pair["before"] != pair["after"]}
    if "email" in found:
        found["email"] = {"before": _some(before.get("email")), "after": _some(after["email"])}
    return found


def _some(email: Any) -> str:
    return "an address" if email else ""
