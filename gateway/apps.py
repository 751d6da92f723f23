from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The door to the models: API keys and what was used through them."""

    name = "gateway"
    label = "gateway"
    verbose_name = "Gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The deployments put their dollars down to those who used them, and tell how fast they answered;
        who used them, and how fast it was, is known here."""
        from deployments.public import read_measurements_with, read_usage_with

        from . import measured, spent

        read_usage_with(spent)
        read_measurements_with(measured)
