"""Tell people what they must know although they look at no page."""

from collections.abc import Iterable
from smtplib import SMTPException

import structlog
from django.contrib.auth import get_user_model
from django.core.mail import send_mail

from deployments.models import Deployment
from deployments.planning.power import Role

log = structlog.get_logger(__name__)


def tell(
    kind: str,
    words: str,
    *,
    more: str = "",
    deployment: Deployment | None = None,
    also_to: Iterable[str] = (),
) -> None:
    """Send `words` (one sentence, also the subject) and `more` to the admins and to `also_to` (addresses).

    `kind` is a short name such as `budget`, for filters. Never raises: whoever tells has something more
    important to do, and a mail server that is away must not keep anything lit. Call it after the commit.
    """
    admins = get_user_model().objects.filter(is_active=True, groups__name=Role.ADMIN).exclude(email="")
    try:
        for address in sorted({*admins.values_list("email", flat=True), *also_to} - {""}):
            # Each on its own: nobody needs to read the others' addresses.
            send_mail(f"Pilotlight: {words}", f"{words} {more}".strip() + "\n", None, [address])
    except (OSError, SMTPException) as error:
        name = deployment.slug if deployment is not None else ""
        log.warning("notify.mail_failed", kind=kind, deployment=name, error=str(error))
