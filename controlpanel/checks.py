"""System checks: what would make the panel unsafe or useless, said before it starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def production_settings(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """What several people and machines need and a trial does not."""
    found: list[CheckMessage] = []
    if not settings.PANEL_PUBLIC_URL.startswith("https://"):
        found.append(
            Warning(
                "PANEL_PUBLIC_URL does not begin with https://, so cookies travel in the clear.",
                hint="Put a TLS proxy in front and set PANEL_PUBLIC_URL=https://panel.example.org.",
                id="controlpanel.W001",
            )
        )
    if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
        found.append(
            Warning(
                "The database is SQLite: good for one machine, not for several.",
                hint="Set DATABASE_URL=postgresql://…",
                id="controlpanel.W002",
            )
        )
    return found


def register_all() -> None:
    """Register the checks of this module."""
    register(production_settings, Tags.security, deploy=True)
