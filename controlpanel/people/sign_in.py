"""Signing in with a password."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..models import User
from . import recording


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

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """In, with a line in the record."""
        person = form.get_user()
        if isinstance(person, User):
            recording.signed_in(self.request, person, way="password")
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Not in; a form that named nobody and no password is no try."""
        name = self.request.POST.get("username", "")
        if name and self.request.POST.get("password"):
            held_off = getattr(self.request, "axes_locked_out", False)
            (recording.locked if held_off else recording.missed)(self.request, name)
        return super().form_invalid(form)


class SignOutView(LogoutView):
    """`/accounts/logout/`."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Out, with a line in the record."""
        if isinstance(request.user, User):
            recording.signed_out(request, request.user)
        return super().post(request, *args, **kwargs)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page after too many misses; 429, with the time after which it opens again."""
    wait_s = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {"misses": settings.AXES_FAILURE_LIMIT, "minutes": wait_s // 60}
    response = render(request, "accounts/locked.html", context, status=429)
    response["Retry-After"] = str(wait_s)
    return response
