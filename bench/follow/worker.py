"""The panel's own Celery app and tasks, with the stand-in provider at the outermost edge."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

import django

django.setup()

from bench.follow.cloud import Cloud  # noqa: E402
from controlpanel.celery import app  # noqa: E402
from deployments.models import ProviderName  # noqa: E402
from deployments.providers import registry  # noqa: E402

registry._PROVIDERS[ProviderName.MODAL] = Cloud  # type: ignore[assignment]

__all__ = ["app"]
