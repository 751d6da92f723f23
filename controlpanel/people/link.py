"""Signing in by a one-time link."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ..models import OneTimeLink, User
from ..models.one_time_link import digest
from . import recording

BACKEND = "django.contrib.auth.backends.ModelBackend"


def new_link(user: User) -> str:
    """A full address that signs `user` in once, within a day. Shown to its reader, never logged."""
    token = OneTimeLink.objects.make(user, now=timezone.now())
    return settings.PANEL_PUBLIC_URL + reverse("one_time_link", args=[token])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_time_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks for one click, so that a link preview uses nothing up; POST signs in."""
    if request.method != "POST":
        links = OneTimeLink.objects.filter(token_digest=digest(token))
        link = links.usable(now=timezone.now()).select_related("user").first()
        return render(request, "accounts/link.html", {"link": link}, status=200 if link else 410)
    link = OneTimeLink.objects.consume(token, now=timezone.now())
    if link is None:
        return render(request, "accounts/link.html", {"link": None}, status=410)
    login(request, link.user, backend=BACKEND)
    recording.signed_in(request, link.user, way="link")
    return redirect(settings.LOGIN_REDIRECT_URL)
