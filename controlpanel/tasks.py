"""What becomes of people's traces."""

from axes.handlers.proxy import AxesProxyHandler
from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from .models import Invitation, OneTimeLink

SIGN_INS_KEPT_DAYS = 90


@shared_task(name="controlpanel.tasks.forget")
def forget() -> None:
    """Drop sessions and links that are over, and records of sign-ins after 90 days. Safe to repeat."""
    call_command("clearsessions")
    for links in (OneTimeLink.objects, Invitation.objects):
        links.filter(expires_at__lte=timezone.now()).delete()
    AxesProxyHandler.reset_logs(age_days=SIGN_INS_KEPT_DAYS)
