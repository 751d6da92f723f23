"""Sends what `notify.tell` wrote: at least once, with growing pauses, no receiver holding up others."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, Q
from django.utils import timezone

from deployments.models import ChannelKind, Delivery, ErrorSource, Notice, NotificationChannel

from . import kept_errors, outgoing, payloads

log = structlog.get_logger(__name__)

# Longer than one attempt can take: whoever died over it lets go of it after this.
CLAIMED = timedelta(seconds=60)
_FIRST_S, _LONGEST_S, MOST_ATTEMPTS = 10, 3 * 3600, 16
_AT_ONCE = 50


def pause(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts: 10 s, 40 s, 160 s, ... at most 3 h; None where it is enough.

    Sixteen attempts last about a day and a half.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return timedelta(seconds=min(_FIRST_S * 4 ** (attempts - 1), _LONGEST_S))


def deliver_due(*, now: datetime | None = None) -> int:
    """Send what is due; gives how many arrived. Any number of workers may do this at once.

    A receiver that fails is asked nothing more in this round, so one that hangs costs one timeout, and what
    waits for it stands before nobody else's. `now` is for tests: a round of slow receivers outlasts a claim
    that is counted from its beginning, and another worker would send the same again.
    """
    failing, arrived = set[int | None](), 0
    for _ in range(_AT_ONCE):
        at = now or timezone.now()
        delivery = _next(at, failing)
        if delivery is None:
            break
        if not _claim(delivery, at):
            continue
        error = attempt(delivery)
        ended = now or timezone.now()
        if error:
            failing.add(delivery.channel_id)
            _failed(delivery, error, ended)
        else:
            arrived += 1
            _arrived(delivery, ended)
    return arrived


def _next(now: datetime, failing: set[int | None]) -> Delivery | None:
    """What has been due longest, for a receiver that does not fail; all mail without a channel is one."""
    rows = Delivery.objects.filter(done_at__isnull=True, given_up_at__isnull=True, next_at__lte=now)
    held_up = Q(channel_id__in=[one for one in failing if one is not None])
    if None in failing:
        held_up |= Q(channel_id__isnull=True)
    return rows.exclude(held_up).select_related("notice__deployment", "channel").first()


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Take it by moving its time on: of two workers one finds it unchanged."""
    mine = Delivery.objects.filter(pk=delivery.pk, next_at=delivery.next_at, done_at__isnull=True)
    delivery.attempts += 1
    return bool(mine.update(next_at=now + CLAIMED, attempts=F("attempts") + 1))


def attempt(delivery: Delivery) -> str:
    """Send one now; gives why it did not arrive, in words without a secret, or ""."""
    channel, notice = delivery.channel, delivery.notice
    try:
        if channel is None:
            _mail(notice, [delivery.address])
        elif not channel.enabled:
            return "The channel is switched off."
        elif channel.kind == ChannelKind.MAIL:
            _mail(notice, [delivery.address] if delivery.address else payloads.addresses(channel.target))
        else:
            _post(notice, channel)
    except outgoing.NotSent as error:
        return str(error)
    except Exception as error:  # the loop's edge; its text may hold a secret, its name does not
        log.warning("notify.failed", notice=notice.public_id, error=type(error).__name__)
        return f"It could not be sent ({type(error).__name__})."
    return ""


def _mail(notice: Notice, addresses: list[str]) -> None:
    parts = [f"{notice.text} {notice.more}".strip(), "\n".join(notice.facts.get("story", ()))]
    parts.append(f"{settings.PANEL_PUBLIC_URL}{notice.facts.get('page', '')}\n")
    body = "\n\n".join(filter(None, parts))
    subject = " ".join(f"Pilotlight: {notice.text}".split())
    for address in addresses:
        send_mail(subject, body, None, [address])


def _post(notice: Notice, channel: NotificationChannel) -> None:
    if channel.kind == ChannelKind.SLACK:
        outgoing.post(channel.target, payloads.slack(notice), {})
        return
    body = payloads.webhook(notice)
    headers = payloads.signature(notice.public_id, body, channel.secret, timezone.now())
    outgoing.post(channel.target, body, headers)


def _arrived(delivery: Delivery, now: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(done_at=now, error="")
    _note(delivery, last_ok_at=now, last_error="")


def _failed(delivery: Delivery, error: str, now: datetime) -> None:
    wait = pause(delivery.attempts)
    changes = {"given_up_at": now} if wait is None else {"next_at": now + wait}
    Delivery.objects.filter(pk=delivery.pk).update(error=error[:300], **changes)
    _note(delivery, last_error=error[:300])
    channel = delivery.channel.name if delivery.channel is not None else "admins’ mail"
    kept_errors.keep(ErrorSource.DELIVERY, f"{delivery.notice.kind} to {channel}", error, now=now)
    log.warning("notify.not_delivered", delivery=delivery.pk, attempts=delivery.attempts, error=error)


def _note(delivery: Delivery, **changes: object) -> None:
    if delivery.channel_id is not None:
        NotificationChannel.objects.filter(pk=delivery.channel_id).update(**changes)
