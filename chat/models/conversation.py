"""A conversation with one deployment."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from .public_id import LENGTH, new_public_id

SYSTEM_PROMPT_MAX_CHARACTERS = 40_000


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Sets of conversations."""

    def of(self, user: Any) -> Self:
        """Those that belong to `user`: nobody else ever sees them."""
        return self.filter(owner=user)

    def saying(self, words: str) -> Self:
        """Those whose title or any of whose messages contain `words`."""
        from .message import Message

        said = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=words)
        return self.filter(Q(title__icontains=words) | Exists(said))

    def older_than(self, last: "Conversation") -> Self:
        """Those that come after `last` in the order of a list."""
        before = Q(updated_at__lt=last.updated_at)
        return self.filter(before | Q(updated_at=last.updated_at, pk__lt=last.pk))


class Conversation(models.Model):
    """A tree of messages, and how its owner wants the answers.

    `head` is the leaf whose branch is shown. `title` follows the first question until `titled_by_hand`.
    `temperature`, `top_p` and `max_tokens` None leave the choice to the engine; `reasoning` False asks the
    model not to think first. `draft` is what stands unsent in the composer. The deployment is named by its
    slug: a conversation outlives what it was held with.
    """

    public_id = models.CharField(max_length=LENGTH, unique=True, default=new_public_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations", db_index=False
    )
    deployment_slug = models.CharField(max_length=48)
    title = models.CharField(max_length=200, blank=True, default="")
    titled_by_hand = models.BooleanField(default=False)
    system_prompt = models.TextField(blank=True, default="", max_length=SYSTEM_PROMPT_MAX_CHARACTERS)
    temperature = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    top_p = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    max_tokens = models.PositiveIntegerField(null=True, blank=True)
    reasoning = models.BooleanField(default=True)
    draft = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    head = models.ForeignKey(
        "chat.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [models.Index(fields=["owner", "-updated_at", "-id"], name="conversation_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(temperature__isnull=True) | Q(temperature__gte=0, temperature__lte=2),
                name="conversation_temperature_in_range",
            ),
            models.CheckConstraint(
                condition=Q(top_p__isnull=True) | Q(top_p__gt=0, top_p__lte=1),
                name="conversation_top_p_in_range",
            ),
            models.CheckConstraint(
                condition=Q(max_tokens__isnull=True) | Q(max_tokens__gte=1),
                name="conversation_max_tokens_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "New conversation"
