from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The door to the models: API keys and what was used through them."""

    name = "gateway"
    label = "gateway"
    verbose_name = "Gateway"
    default_auto_field = "django.db.models.BigAutoField"
