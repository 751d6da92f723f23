"""Whether the admin site lets a person through: the Admin role, and nothing finer."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from deployments.planning.power import Role

from .roles import role_of

_KNOWN = "_is_admin_of_the_panel"


class RoleBackend(BaseBackend):
    """Every permission for the Admin role. It signs nobody in.

    A page of the admin site asks dozens of times. As with Django's own backend, the answer holds as long as
    the object of the person, which is one request: the next request reads the role anew.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """True where the person has the Admin role."""
        return _is_admin(user_obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """True where the person has the Admin role."""
        return _is_admin(user_obj)


def _is_admin(person: Any) -> bool:
    if not hasattr(person, _KNOWN):
        setattr(person, _KNOWN, role_of(person) is Role.ADMIN)
    return bool(getattr(person, _KNOWN))
