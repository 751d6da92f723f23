"""Inviting somebody by a link, taking it back, and coming in by it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deployments.public import ROLE_SCOPES, Actor, Refused, Role, Scope, Via, record_action

from ..models import Invitation, User
from ..roles import give_role

LIFETIMES = (1, 3, 7, 30)  # days


def invite(
    *, actor: Actor, role: Role, whom: str = "", email: str = "", days: int = 7, now: datetime | None = None
) -> tuple[Invitation, str]:
    """A new invitation and its full address, which is shown once. Raises Refused 403 for who is no admin."""
    _may(actor)
    now = now or timezone.now()
    by = User.objects.filter(pk=actor.user_id or 0).first()
    with transaction.atomic():
        made, token = Invitation.objects.make(
            role=role, whom=whom, email=email, by=by, now=now, expires_at=now + timedelta(days=days)
        )
        summary = f"{actor.name} invited {made.called} as {role}."
        record_action(actor, "invite", summary=summary, target=made.called)
    return made, settings.PANEL_PUBLIC_URL + reverse("invitation", args=[token])


def can_mail() -> bool:
    """Whether mail leaves this machine (EMAIL_URL)."""
    return not settings.EMAIL_BACKEND.endswith(".console.EmailBackend")


def mail(invitation: Invitation, link: str) -> bool:
    """Send the link to the invitation's address; False where the mail server did not take it."""
    by = invitation.invited_by.display_name if invitation.invited_by else "An admin"
    text = (
        f"{by} invites you to Pilotlight at {settings.PANEL_PUBLIC_URL} as {invitation.role}.\n\n"
        f"{link}\n\nThe link works once, until {invitation.expires_at:%Y-%m-%d %H:%M} UTC.\n"
    )
    try:
        return bool(send_mail("Your way into Pilotlight", text, None, [invitation.email]))
    except OSError:  # smtplib's errors are OSErrors, too
        return False


def take_back(invitation_id: int, *, actor: Actor, now: datetime | None = None) -> None:
    """End an invitation that nobody has used; doing it again changes nothing. Raises Refused 403."""
    _may(actor)
    now = now or timezone.now()
    with transaction.atomic():
        rows = Invitation.objects.filter(pk=invitation_id, used_at=None, revoked_at=None)
        found = rows.first()
        if found is not None and rows.update(revoked_at=now):
            summary = f"{actor.name} took back the invitation of {found.called}."
            record_action(actor, "take_back_invitation", summary=summary, target=found.called)


def come_in(invitation: Invitation, person: User, *, address: str | None, now: datetime) -> bool:
    """Save the new `person` with the invitation's role; False where the link was used or ended meanwhile.

    Raises IntegrityError where the user name was taken meanwhile.
    """
    with transaction.atomic():
        if not Invitation.objects.filter(pk=invitation.pk).open(now=now).update(used_at=now):
            return False
        person.save()
        Invitation.objects.filter(pk=invitation.pk).update(person=person)
        role = Role(invitation.role)
        give_role(person, role)
        actor = Actor(person.pk, person.display_name, ROLE_SCOPES[role], Via.PAGE, address=address)
        summary = f"{person.display_name} came in by invitation as {role}."
        record_action(actor, "accept_invitation", summary=summary, target=person.username)
    return True


def _may(actor: Actor) -> None:
    if not actor.may(Scope.ADMIN):
        raise Refused("not_allowed", "Only an admin invites people.", status=403)
