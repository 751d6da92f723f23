from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    """What is wanted, what runs, what it costs."""

    name = "deployments"
    label = "deployments"
    default_auto_field = "django.db.models.BigAutoField"
