"""A person's own page: how it looks, which time it shows, the password."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ..models import User
from ..roles import role_of
from . import recording

if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:  # only the type stubs know the parameter
    _UserForm = forms.ModelForm


class ProfileForm(_UserForm):
    """What everybody may change about themselves."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "theme", "time_zone"]

    time_zone = forms.ChoiceField(choices=lambda: [(zone, zone) for zone in sorted(available_timezones())])


def _password_form(user: User, data: Any = None) -> "SetPasswordForm[User]":
    """Who signed in by link and never had a password need not name the old one."""
    kind = PasswordChangeForm if user.has_usable_password() else SetPasswordForm
    form = kind(user, data)
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)  # the page begins with who one is, not with this
    form.fields["new_password2"].label, form.fields["new_password2"].help_text = "New password again", ""
    return form


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """`/accounts/profile/`; two forms, told apart by their button's name."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 (login_required has seen to it)
    sent_password = "set_password" in request.POST
    form = ProfileForm(
        request.POST if request.method == "POST" and not sent_password else None, instance=user
    )
    password_form = _password_form(user, request.POST if sent_password else None)
    if request.method == "POST" and _saved(request, password_form if sent_password else form):
        return redirect("profile")
    for field in [*form.fields.values(), *password_form.fields.values()]:
        field.widget.attrs["class"] = "input"
    context = {"form": form, "password_form": password_form, "role": role_of(user)}
    return render(request, "accounts/profile.html", context)


def listed(names: Iterable[str]) -> str:
    """Fields in a sentence: first name, email."""
    return ", ".join(name.replace("_", " ") for name in names)


def _saved(request: HttpRequest, form: "ProfileForm | SetPasswordForm[User]") -> bool:
    if not form.is_valid():
        return False
    before = {name: form.initial.get(name) for name in form.fields}
    user = form.save()
    actor = recording.actor_of(user, request)
    if isinstance(form, SetPasswordForm):
        recording.changed(actor, user, "change_password", f"{user.display_name} changed the own password.")
        update_session_auth_hash(request, user)
        messages.success(request, "The password is changed. Other browsers are signed out.")
    else:
        if changes := recording.differences(before, form.cleaned_data):
            summary = f"{user.display_name} changed the own {listed(changes)}."
            recording.changed(actor, user, "change_profile", summary, changes)
        messages.success(request, "Saved.")
    return True
