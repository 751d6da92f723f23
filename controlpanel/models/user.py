"""A person who signs in."""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models


class Theme(models.TextChoices):
    """Which colours the pages have."""

    SYSTEM = "system", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_time_zone(name: str) -> None:
    """ValidationError where `name` is no zone of the IANA database."""
    if name not in _zones():
        raise ValidationError("Name a time zone such as Europe/Berlin or UTC.", code="time_zone")


class User(AbstractUser):
    """A person; what they may do comes from their group (see roles.py)."""

    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme_is_known"),
        ]

    @property
    def display_name(self) -> str:
        """What pages call this person: the full name where there is one, else the user name."""
        return self.get_full_name() or self.get_username()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this person reads times."""
        return ZoneInfo(self.time_zone)
