from django.apps import AppConfig


class ControlPanelConfig(AppConfig):
    """People, their sign-in and their roles."""

    name = "controlpanel"
    label = "controlpanel"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
