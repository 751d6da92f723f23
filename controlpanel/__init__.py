"""The project: settings, entry points, sign-in, roles and the supervisor."""

from .celery import app as celery_app

__all__ = ["celery_app"]
