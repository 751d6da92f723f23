"""The `config.json` of a deployment's model, where an admin gave it."""

from django.db import models

from .deployment import Deployment


class ModelConfig(models.Model):
    """The sizes of `model` as its publisher gives them. It counts only while the deployment has that model.

    A row of its own: up to 256 KiB that only estimates of memory read.
    """

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, related_name="model_config")
    model = models.CharField(max_length=200)
    config = models.JSONField()
    source = models.CharField(max_length=200, help_text="where it is from, in words")
    kept_at = models.DateTimeField()
    kept_by = models.CharField(max_length=150, blank=True, default="")

    def __str__(self) -> str:
        return f"config.json of {self.model}"
