from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The door to the models: API keys and what was used through them."""

    name = "gateway"
    label = "gateway"
    verbose_name = "Gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The deployments put their dollars down to those who used them; who did is known here."""
        from deployments.public import read_usage_with

        from . import spent

        read_usage_with(spent)
