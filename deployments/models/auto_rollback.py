"""Times at which the panel went back to an earlier release by itself."""

from django.db import models

from .deployment import Deployment
from .release import Release
from .run import Run


class AutoRollback(models.Model):
    """A release that did not become ready, and the one that the panel made instead of it.

    `made` has the configuration of `back_to`, an earlier release that had been ready. `redeployed` says that
    an earlier release had been at the provider before, so that `made` is brought there again, asleep;
    otherwise the deployment stays off. `cut_off` names who held it, or waited for it, at that moment.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="auto_rollbacks")
    failed = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="+")
    back_to = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+")
    made = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=32)
    text = models.TextField(blank=True, default="")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    redeployed = models.BooleanField()
    cut_off = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"from release {self.failed_id} back to {self.back_to_id}"
