"""Another role, out, and in again: never without an admin left, and each with its line in the record."""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from deployments.public import Actor, Refused, Role, Scope, record_action

from ..models import OneTimeLink, User
from ..roles import give_role, role_of


def change_role(person: User, role: Role, *, actor: Actor) -> None:
    """Make `role` the one role of `person`; felt at their next request, by their keys within 5 s.

    Raises Refused: 403 without the Admin role, 409 `last_admin` where nobody would be left, 409 `yourself`.
    """
    _may(actor)
    with transaction.atomic():
        fresh = _locked(person)
        before = role_of(fresh)
        if before is role:
            return
        if before is Role.ADMIN:
            _not_yourself(fresh, actor, "give up your own Admin role")
            _somebody_else_is_admin(fresh)
        fresh.is_superuser = fresh.is_staff = False
        fresh.save(update_fields=["is_superuser", "is_staff"])
        give_role(fresh, role)
        summary = (
            f"{actor.name} made {fresh.display_name} {role}{f', until then {before}' if before else ''}."
        )
        changes = {"role": {"before": before and before.value, "after": role.value}}
        record_action(actor, "change_role", summary=summary, target=fresh.username, details=changes)


def deactivate(person: User, *, actor: Actor) -> None:
    """Let `person` in no more: sessions and links end now, keys within 5 s. Doing it again changes nothing.

    Raises Refused: 403 without the Admin role, 409 `last_admin` where nobody would be left, 409 `yourself`.
    """
    _may(actor)
    _not_yourself(person, actor, "deactivate yourself")
    with transaction.atomic():
        fresh = _locked(person)
        if not fresh.is_active:
            return
        if role_of(fresh) is Role.ADMIN:
            _somebody_else_is_admin(fresh)
        User.objects.filter(pk=fresh.pk).update(is_active=False)
        OneTimeLink.objects.filter(user=fresh, used_at=None).delete()
        end_sessions(fresh, now=timezone.now())
        summary = f"{actor.name} deactivated {fresh.display_name}."
        changes = {"active": {"before": True, "after": False}}
        record_action(actor, "deactivate", summary=summary, target=fresh.username, details=changes)


def reactivate(person: User, *, actor: Actor) -> None:
    """Let `person` in again, with the role and the keys of before. Raises Refused 403 for who is no admin."""
    _may(actor)
    with transaction.atomic():
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            summary = f"{actor.name} reactivated {person.display_name}."
            changes = {"active": {"before": False, "after": True}}
            record_action(actor, "reactivate", summary=summary, target=person.username, details=changes)


def end_sessions(person: User, *, now: datetime) -> None:
    """Sign `person` out everywhere. Reads every open session: they do not say whose they are but inside."""
    for session in Session.objects.filter(expire_date__gt=now).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()


def _may(actor: Actor) -> None:
    if not actor.may(Scope.ADMIN):
        raise Refused("not_allowed", "Only an admin changes people.", status=403)


def _not_yourself(person: User, actor: Actor, act: str) -> None:
    if person.pk == actor.user_id:
        raise Refused("yourself", f"You cannot {act}; another admin can.", status=409)


def _locked(person: User) -> User:
    """Everybody who is active, locked in one order, so that two admins cannot put out each other at once."""
    everybody = User.objects.select_for_update().filter(is_active=True).order_by("pk")
    found = {one.pk: one for one in everybody}
    return found.get(person.pk) or User.objects.select_for_update().get(pk=person.pk)


def _somebody_else_is_admin(person: User) -> None:
    others = User.objects.filter(is_active=True).exclude(pk=person.pk).prefetch_related("groups")
    if not any(role_of(other) is Role.ADMIN for other in others):
        raise Refused(
            "last_admin",
            f"{person.display_name} is the last admin. Make somebody else Admin first.",
            status=409,
        )
