"""What the last look at a provider found, before a release of a deployment."""

from typing import TYPE_CHECKING

from django.db import models

from .deployment import Deployment

if TYPE_CHECKING:
    from datetime import datetime


class ProviderLook(models.Model):
    """The newest look of one deployment: of which configuration, when, for whom, and its checks as JSON
    (`code`, `title`, `state`, `saw`, `remedy`, `offer`)."""

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, related_name="provider_look")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=150, blank=True, default="")
    spec = models.JSONField()
    checks = models.JSONField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"look of {self.at:%Y-%m-%d %H:%M}"

    def is_of(self, spec: object, since: "datetime") -> bool:
        """Whether it looked at this very configuration, at `since` or later."""
        return bool(self.spec == spec) and self.at >= since
