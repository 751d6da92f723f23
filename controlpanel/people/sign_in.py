"""Signing in with a password."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class SignInForm(AuthenticationForm):
    """User name and password; a miss says how many tries are left."""

    def get_invalid_login_error(self) -> ValidationError:
        """The error under the password field."""
        left = settings.AXES_FAILURE_LIMIT - AxesProxyHandler.get_failures(self.request, self._credentials())
        tries = {1: "One try left."}.get(left, f"{left} tries left." if left > 0 else "")
        return ValidationError(f"User name and password do not match. {tries}".strip(), code="invalid_login")

    def _credentials(self) -> dict[str, str]:
        return {"username": self.cleaned_data.get("username", "")}


class SignInView(LoginView):
    """`/accounts/login/`."""

    template_name = "registration/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post", "options"]


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page after too many misses; 429, with the time after which it opens again."""
    wait_s = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {"misses": settings.AXES_FAILURE_LIMIT, "minutes": wait_s // 60}
    response = render(request, "accounts/locked.html", context, status=429)
    response["Retry-After"] = str(wait_s)
    return response
