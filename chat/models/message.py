"""What was asked and what was answered."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .conversation import Conversation
from .generator import Generator
from .public_id import LENGTH, new_public_id


class Role(models.TextChoices):
    """Who speaks."""

    USER = "user", "You"
    ASSISTANT = "assistant", "Model"


class Status(models.TextChoices):
    """How far a reply is. A question is always done."""

    QUEUED = "queued", "waits for the generator"
    WAKING = "waking", "waits for the server"
    STREAMING = "streaming", "is being written"
    DONE = "done", "finished"
    STOPPED = "stopped", "stopped by its reader"
    FAILED = "failed", "failed"
    INTERRUPTED = "interrupted", "broken off"


LIVE = frozenset({Status.QUEUED, Status.WAKING, Status.STREAMING})
ENDED = frozenset(Status) - LIVE
# Whoever asked this long ago has gone on to something else, and did not agree to light a server now. Longer
# than a restart of everything takes.
WAITS_AT_MOST = timedelta(minutes=10)


class MessageQuerySet(models.QuerySet["Message"]):
    """Sets of messages."""

    def live(self) -> Self:
        """Replies that are still on their way."""
        return self.filter(status__in=LIVE)

    def unclaimed(self, now: datetime) -> Self:
        """Replies that no generator has taken yet and that may still be written, oldest first."""
        return self._queued().filter(waits_since__gt=now - WAITS_AT_MOST).order_by("id")

    def overdue(self, now: datetime) -> Self:
        """Replies that no generator took in time: they are not to be written any more."""
        return self._queued().filter(waits_since__lte=now - WAITS_AT_MOST)

    def _queued(self) -> Self:
        return self.filter(status=Status.QUEUED, generator__isnull=True)


class Message(models.Model):
    """One node of a conversation's tree. Siblings of one parent and role are versions of one another.

    A reply: `text` and `reasoning` grow once a second while it is written, and are exact once it has ended.
    `tool_calls` is a list of `{"id", "name", "arguments"}`, arguments as the text the model wrote.
    `started_at` is when the gateway was first asked, `waited_s` the seconds of that for which a cold start
    held it, `written_s` the seconds in which tokens came (also those of a Continue). Token counts are the
    engine's own; None where it named none. `cost_usd` is an estimate (services/receipt.py says how). `html`
    is the rendered text, written by the renderer of `html_version` when the reply ended; empty means that it
    has to be rendered again.

    `may_wake`: who asked has seen what a wake costs, so that asking may light a sleeping server.
    `generator` is the process that writes it; `stop_asked_at` asks that process to end it. `asked_times`
    counts how often the gateway was asked without an answer. `waits_since` is when it was asked for, or last
    in the hands of a living generator: beyond WAITS_AT_MOST it is not written any more.
    """

    public_id = models.CharField(max_length=LENGTH, unique=True, default=new_public_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    role = models.CharField(max_length=10, choices=Role)
    text = models.TextField(blank=True, default="")
    reasoning = models.TextField(blank=True, default="")
    tool_calls = models.JSONField(blank=True, default=list)
    status = models.CharField(max_length=12, choices=Status, default=Status.DONE)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_text = models.TextField(blank=True, default="")
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    first_token_at = models.DateTimeField(null=True, blank=True)
    reasoning_ended_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    waited_s = models.FloatField(default=0.0)
    written_s = models.FloatField(default=0.0)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True)
    model = models.CharField(max_length=200, blank=True, default="")
    request_id = models.CharField(max_length=40, blank=True, default="")
    html = models.TextField(blank=True, default="")
    html_version = models.PositiveIntegerField(default=0)
    generator = models.ForeignKey(
        Generator, null=True, blank=True, on_delete=models.SET_NULL, related_name="messages"
    )
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    may_wake = models.BooleanField(default=False)
    asked_times = models.PositiveSmallIntegerField(default=0)
    waits_since = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["status"], name="message_live", condition=Q(status__in=sorted(LIVE))),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="message_status_is_known"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="message_role_is_known"),
            models.CheckConstraint(
                condition=Q(role=Role.ASSISTANT) | Q(status=Status.DONE), name="message_question_is_done"
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(ENDED)) | Q(finished_at__isnull=True),
                name="message_live_is_not_finished",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=sorted(LIVE)),
                name="one_live_reply_per_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.public_id}"

    @property
    def is_live(self) -> bool:
        """True while more may come."""
        return self.status in LIVE

    @property
    def can_go_on(self) -> bool:
        """True for a reply that ended before the model was done with it."""
        broken = self.status in (Status.INTERRUPTED, Status.STOPPED)
        return self.role == Role.ASSISTANT and (
            broken or (self.status == Status.DONE and self.finish_reason == "length")
        )
