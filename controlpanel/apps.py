from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ControlPanelConfig(AppConfig):
    """People, their sign-in and their roles."""

    name = "controlpanel"
    label = "controlpanel"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and have the roles' groups after every migration.

        A signal and not a data migration: the groups are also there again after a flush.
        """
        from . import checks
        from .roles import ensure_groups

        checks.register_all()
        post_migrate.connect(ensure_groups, sender=self)
