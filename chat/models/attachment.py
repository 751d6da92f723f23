"""Text files beside a question."""

from django.db import models
from django.utils import timezone

from .conversation import Conversation
from .message import Message
from .public_id import LENGTH, new_public_id


class Attachment(models.Model):
    """A whole text file that goes to the model with its question. `message` None: still in the composer.

    `size_bytes` is what was uploaded; `text` what it says, with line ends as `\\n`. `token_estimate` comes
    from services/estimate.py.
    """

    public_id = models.CharField(max_length=LENGTH, unique=True, default=new_public_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="attachments")
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    name = models.CharField(max_length=255)
    size_bytes = models.PositiveIntegerField()
    text = models.TextField()
    token_estimate = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
