"""Whether the admin site lets a person through: the Admin role, and nothing finer."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from deployments.planning.power import Role

from .roles import role_of


class RoleBackend(BaseBackend):
    """Every permission for the Admin role. It signs nobody in."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """True where the person has the Admin role now."""
        return role_of(user_obj) is Role.ADMIN

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """True where the person has the Admin role now."""
        return role_of(user_obj) is Role.ADMIN
