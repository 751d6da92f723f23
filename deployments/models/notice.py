"""What people are told beyond pages: the notice, where it goes, and how far it got."""

from uuid import uuid4

from django.db import models

from .deployment import Deployment
from .encrypted import EncryptedTextField


class ChannelKind(models.TextChoices):
    """How a channel is spoken to."""

    MAIL = "mail", "Mail"
    SLACK = "slack", "Slack"
    WEBHOOK = "webhook", "Signed webhook"


class NotificationChannel(models.Model):
    """A way to tell people. `target` is an address of the web, or a comma list of mail addresses.

    The address of a Slack webhook is itself a secret, so it is encrypted and never shown; `shown` is what
    pages call it. `events` is a list of kinds; an empty one means every kind. Admins get mail without one.
    """

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=ChannelKind)
    target = EncryptedTextField()
    shown = models.CharField(max_length=120)
    secret = EncryptedTextField(blank=True, default="")
    events = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<NotificationChannel {self.pk} {self.name!r}>"

    def wants(self, kind: str) -> bool:
        """True where a notice of this kind goes there."""
        return self.enabled and (not self.events or kind in self.events)


def _new_id() -> str:
    return f"ntc_{uuid4().hex}"


class Notice(models.Model):
    """One thing that was told. Receivers tell repeats by `public_id`; `once` is never told twice."""

    public_id = models.CharField(max_length=40, unique=True, default=_new_id)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField()
    more = models.TextField(blank=True, default="")
    facts = models.JSONField(default=dict)
    once = models.CharField(max_length=160, null=True, unique=True)  # noqa: DJ001  # unique, so NULL and not ""

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.text


class Delivery(models.Model):
    """A notice on its way to one receiver: a channel, or (where there is none) the mail `address`.

    Written in the transaction of what it tells; sent at least once, until `done_at` or `given_up_at`.
    """

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(
        NotificationChannel, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    address = models.CharField(max_length=254, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["next_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel", "address"], nulls_distinct=False, name="one_delivery_a_receiver"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(done_at__isnull=True, given_up_at__isnull=True),
                name="delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
