"""The admin site: for the Admin role, entered by the panel's own sign-in."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

from deployments.planning.power import Scope


class PanelAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Asks for the role instead of the `is_staff` flag."""

    def has_permission(self, request: HttpRequest) -> bool:
        """True for the Admin role."""
        actor = getattr(request, "actor", None)
        return actor is not None and actor.may(Scope.ADMIN)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a stranger to the panel's sign-in; tell somebody without the role."""
        if request.user.is_authenticated:
            raise PermissionDenied("The admin site is for the Admin role. An admin can change your role.")
        return redirect_to_login(request.GET.get("next") or request.get_full_path())
