"""What has ever come through the door, counted: rows of requests are forgotten, these only grow."""

from typing import Any

from django.db import models


class RequestCount(models.Model):
    """The answered requests of one deployment over all gateway processes, in cumulative counts.

    `statuses` counts by class (`2xx`), `ttft` the times to the first byte by the upper bounds of
    `gateway.counting.BOUNDS_S`, not yet added up; `ttft_sum_s` is their sum.
    """

    deployment_slug = models.CharField(max_length=48, unique=True)
    statuses: Any = models.JSONField(default=dict)
    ttft: Any = models.JSONField(default=dict)
    ttft_sum_s = models.FloatField(default=0.0)

    def __str__(self) -> str:
        return f"requests to {self.deployment_slug}"
