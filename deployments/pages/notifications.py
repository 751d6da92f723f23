"""`/settings/notifications/`: where people are told what they must know, besides these pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import ChannelKind, Delivery, Notice, NotificationChannel
from deployments.planning.power import Scope
from deployments.services import channels, notify
from deployments.services.channels import ChannelWish
from deployments.services.errors import Refused

from .access import PageRequest, needs

_RECENT = 20
CHOICES = {kind: label for kind, label in notify.KINDS.items() if kind != "test"}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def notifications(request: PageRequest) -> HttpResponse:
    """The channels and what was told lately; POST adds a channel, and shows a signing secret this once."""
    if request.method != "POST":
        return _page(request)
    sent = request.POST
    wish = ChannelWish(
        sent.get("name", ""), sent.get("kind", ""), sent.get("target", ""), sent.get("secret", ""),
        sent.getlist("events"),
    )  # fmt: skip
    try:
        made = channels.add(wish, actor=request.actor)
    except Refused as error:
        return _page(request, wish=wish, errors=error.fields, status=error.status)
    if made.secret:
        return _page(request, made=made)
    messages.success(request, f"{made.name} is added. Send it a test.")
    return redirect("deployments:notifications")


def _page(
    request: PageRequest,
    *,
    wish: ChannelWish | None = None,
    errors: dict[str, Any] | None = None,
    made: NotificationChannel | None = None,
    status: int = 200,
) -> HttpResponse:
    """A target that was refused is shown again; a secret is not."""
    context = {
        "channels": NotificationChannel.objects.all(),
        "kinds": ChannelKind.choices,
        "choices": CHOICES,
        "recent": Notice.objects.prefetch_related("deliveries__channel")[:_RECENT],
        "waiting": channels.waiting(),
        "given_up": Delivery.objects.filter(given_up_at__isnull=False).count(),
        "wish": wish or ChannelWish("", ChannelKind.SLACK, ""),
        "errors": errors or {},
        "made": made,
    }
    return render(request, "settings/notifications.html", context, status=status)


@require_POST
@needs(Scope.ADMIN)
def test_channel(request: PageRequest, channel_id: int) -> HttpResponse:
    """Send it a test now."""
    try:
        said = channels.send_test(channel_id, actor=request.actor)
    except Refused as error:
        said = error.message
    if said:
        messages.error(request, f"The test did not arrive. {said}")
    else:
        messages.success(request, "The test arrived.")
    return redirect("deployments:notifications")


@require_POST
@needs(Scope.ADMIN)
def switch_channel(request: PageRequest, channel_id: int) -> HttpResponse:
    """On or off."""
    enabled = request.POST.get("enabled") == "yes"
    try:
        channel = channels.switch(channel_id, enabled=enabled, actor=request.actor)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{channel.name} is switched {'on' if enabled else 'off'}.")
    return redirect("deployments:notifications")


@require_POST
@needs(Scope.ADMIN)
def rotate_channel(request: PageRequest, channel_id: int) -> HttpResponse:
    """Another signing secret, shown this once."""
    try:
        channel = channels.rotate_secret(channel_id, actor=request.actor)
    except Refused as error:
        messages.error(request, error.message)
        return redirect("deployments:notifications")
    return _page(request, made=channel)


@require_POST
@needs(Scope.ADMIN)
def remove_channel(request: PageRequest, channel_id: int) -> HttpResponse:
    """Nothing goes there any more."""
    try:
        channels.remove(channel_id, actor=request.actor)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The channel is removed.")
    return redirect("deployments:notifications")
