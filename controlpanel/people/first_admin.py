"""The first person of a new panel."""

from django.db import transaction

from deployments.planning.power import Role

from ..models import User
from ..roles import give_role

FIRST_ADMIN = "admin"


@transaction.atomic
def ensure_first_admin(password: str = "") -> User:
    """The user `admin`, made where nobody is there yet; `password` holds at that moment alone.

    Without a password the only way in is a one-time link. Raises User.DoesNotExist where people exist but
    none of them is called admin.
    """
    if User.objects.exists():
        return User.objects.get(username=FIRST_ADMIN)
    user = User.objects.create_superuser(FIRST_ADMIN, password=password or None)
    give_role(user, Role.ADMIN)
    return user
