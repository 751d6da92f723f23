"""Setting up, trying and taking away the channels that notices go to, for admins."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import ChannelKind, Delivery, Notice, NotificationChannel
from deployments.planning.power import Actor, Scope

from . import audit, delivering, notify, outgoing, payloads
from .errors import bad_field, not_allowed, not_found


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """A channel as it is asked for. `target` is an address of the web or a comma list of mail addresses; an
    empty `secret` of a signed webhook makes one; no `events` means every kind."""

    name: str
    kind: str
    target: str
    secret: str = ""
    events: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"ChannelWish({self.name!r}, {self.kind!r})"


def add(wish: ChannelWish, *, actor: Actor) -> NotificationChannel:
    """Make a channel. Raises Refused: not_allowed; invalid naming the field.

    `secret` of the answer is the one time that it can be shown.
    """
    _may(actor)
    name, target = wish.name.strip(), wish.target.strip()
    if not name or len(name) > 80:
        raise bad_field("name", "Give it a name of at most 80 characters.")
    if wish.kind not in ChannelKind.values:
        raise bad_field("kind", f"Use one of {', '.join(ChannelKind.values)}.")
    if unknown := set(wish.events) - set(notify.KINDS):
        raise bad_field("events", f"There is no kind {min(unknown)}; use some of {', '.join(notify.KINDS)}.")
    shown = _shown(wish.kind, target)
    secret = _secret(wish)
    try:
        with transaction.atomic():
            made = NotificationChannel.objects.create(
                name=name, kind=wish.kind, target=target, shown=shown[:120], secret=secret,
                events=[one for one in notify.KINDS if one in wish.events],
            )  # fmt: skip
            audit.record(
                actor, "channel", target=name, summary=f"{actor.name} added the channel {name}.",
                details={"kind": made.kind, "to": made.shown, "events": made.events or "all"},
            )  # fmt: skip
    except IntegrityError:
        raise bad_field("name", "There is a channel of this name already; choose another.") from None
    return made


def _shown(kind: str, target: str) -> str:
    """What pages call the target: its host alone, since the path of a webhook is its secret."""
    if kind != ChannelKind.MAIL:
        try:
            parts = outgoing.check(target)
        except outgoing.NotSent as error:
            raise bad_field("target", str(error)) from None
        return f"{parts.scheme}://{parts.hostname}/…"
    found = payloads.addresses(target)
    try:
        for address in found:
            validate_email(address)
    except ValidationError:
        found = []
    if not found or any(len(address) > 254 for address in found):
        raise bad_field("target", "Give mail addresses, with commas between them.")
    return ", ".join(found)


def _secret(wish: ChannelWish) -> str:
    if wish.kind != ChannelKind.WEBHOOK:
        return ""
    secret = wish.secret.strip() or payloads.new_secret()
    try:
        payloads.key_of(secret)
    except ValueError as error:
        raise bad_field("secret", str(error)) from None
    return secret


def switch(channel_id: int, *, enabled: bool, actor: Actor) -> NotificationChannel:
    """Let it take notices, or not. What waits for one that is switched off is tried again later."""
    channel = _found(channel_id, actor)
    with transaction.atomic():
        NotificationChannel.objects.filter(pk=channel.pk).update(enabled=enabled)
        words = f"{actor.name} switched the channel {channel.name} {'on' if enabled else 'off'}."
        changes = audit.changed({"enabled": channel.enabled}, {"enabled": enabled})
        audit.record(actor, "channel", target=channel.name, summary=words, details=changes)
    return channel


def rotate_secret(channel_id: int, *, actor: Actor) -> NotificationChannel:
    """Another signing secret; what is sent from now on is signed with it, what waits too.

    `secret` of the answer is the one time that it can be shown. Raises Refused where it signs nothing.
    """
    channel = _found(channel_id, actor)
    if channel.kind != ChannelKind.WEBHOOK:
        raise bad_field("kind", "Only a signed webhook has a signing secret.")
    channel.secret = payloads.new_secret()
    with transaction.atomic():
        NotificationChannel.objects.filter(pk=channel.pk).update(secret=channel.secret)
        words = f"{actor.name} changed the signing secret of the channel {channel.name}."
        audit.record(actor, "rotate", target=channel.name, summary=words)
    return channel


def remove(channel_id: int, *, actor: Actor) -> None:
    """Take it away, with what waits for it. Raises Refused: not_found, not_allowed."""
    channel = _found(channel_id, actor)
    with transaction.atomic():
        words = f"{actor.name} removed the channel {channel.name}."
        gone = {"kind": channel.kind, "to": channel.shown, "events": channel.events or "all"}
        audit.record(actor, "channel", target=channel.name, summary=words, details=gone)
        channel.delete()


def send_test(channel_id: int, *, actor: Actor) -> str:
    """Send a test to this channel alone, now; gives why it did not arrive, or "". Takes up to 8 s."""
    channel, now = _found(channel_id, actor), timezone.now()
    notice = Notice.objects.create(
        kind="test", at=now, text=f"A test from Pilotlight, asked for by {actor.name}.",
        more="Whoever reads this is told of budgets, failures and whatever else this channel takes.",
    )  # fmt: skip
    words = f"{actor.name} sent a test to the channel {channel.name}."
    audit.record(actor, "test_channel", target=channel.name, summary=words)
    delivery = Delivery(notice=notice, channel=channel, attempts=1, next_at=now)
    error = delivering.attempt(delivery)
    changes: dict[str, object] = (
        {"last_error": error[:300]} if error else {"last_ok_at": now, "last_error": ""}
    )
    NotificationChannel.objects.filter(pk=channel.pk).update(**changes)
    return error


def waiting() -> int:
    """How many deliveries are not done yet."""
    return Delivery.objects.filter(done_at__isnull=True, given_up_at__isnull=True).count()


def _found(channel_id: int, actor: Actor) -> NotificationChannel:
    _may(actor)
    channel = NotificationChannel.objects.filter(pk=channel_id).first()
    if channel is None:
        raise not_found("This channel")
    return channel


def _may(actor: Actor) -> None:
    if not actor.may(Scope.ADMIN) or actor.deployments is not None:
        raise not_allowed("Notifications need an admin.")
