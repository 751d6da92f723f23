"""Tell people what they must know although they look at no page: the one door."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from deployments.models import ChannelKind, Delivery, Deployment, Notice, NotificationChannel
from deployments.planning.power import Role

from . import payloads

log = structlog.get_logger(__name__)

# What can be told, and what a page calls it. A kind that is not here goes to channels that take everything.
KINDS = {
    "budget": "A budget’s threshold or limit",
    "forecast": "A budget that its pace will pass",
    "failed": "A start that failed, a server that died",
    "slow": "A start that took much longer than usual",
    "degraded": "A lit server whose requests fail",
    "outside": "A server lit from outside the panel",
    "orphan": "Something at the provider that nothing here explains",
    "blind": "The provider cannot be read",
    "bill": "The bill differs from what was counted",
    "schedule": "A schedule that was refused",
    "test": "A test from the page of notifications",
}


def tell(
    kind: str,
    words: str,
    *,
    more: str = "",
    deployment: Deployment | None = None,
    also_to: Iterable[str] = (),
    facts: Mapping[str, Any] | None = None,
    once: str = "",
) -> None:
    """Tell `words` (one sentence, also a mail's subject) and `more` to the admins' mail, to `also_to`
    (addresses) and to the channels that take this kind.

    It only writes rows, which a task sends: call it in the transaction that makes what it tells, so that both
    stand or fall, or outside of one. The same `once` is told once, whoever repeats it. `facts` (JSON) go to
    webhooks. Never raises: whoever tells has something more important to do.
    """
    try:
        with transaction.atomic():
            _write(kind, words, more, deployment, also_to, dict(facts or {}), once)
    except IntegrityError:
        if not once:
            log.exception("notify.not_written", kind=kind)
    except DatabaseError:
        log.exception("notify.not_written", kind=kind)


def _write(
    kind: str,
    words: str,
    more: str,
    deployment: Deployment | None,
    also_to: Iterable[str],
    facts: dict[str, Any],
    once: str,
) -> None:
    if once and Notice.objects.filter(once=once).exists():
        return
    now = timezone.now()
    notice = Notice.objects.create(
        kind=kind, at=now, deployment=deployment, text=words, more=more, facts=facts, once=once[:160] or None
    )
    # Each on its own: nobody needs to read the others' addresses, and one that fails delays no other and has
    # none of them told again.
    to: list[tuple[NotificationChannel | None, str]] = [(None, one) for one in sorted(_addresses(also_to))]
    for row in NotificationChannel.objects.filter(enabled=True):
        if row.wants(kind):
            to += [(row, address) for address in _each(row)]
    Delivery.objects.bulk_create(
        Delivery(notice=notice, channel=channel, address=address, next_at=now) for channel, address in to
    )


def _each(channel: NotificationChannel) -> list[str]:
    """The addresses of a channel of mail, each once; one empty one for what is a single receiver."""
    if channel.kind != ChannelKind.MAIL:
        return [""]
    return sorted(set(payloads.addresses(channel.target)))


def _addresses(also_to: Iterable[str]) -> set[str]:
    admins = get_user_model().objects.filter(is_active=True, groups__name=Role.ADMIN).exclude(email="")
    return {*admins.values_list("email", flat=True), *also_to} - {""}
