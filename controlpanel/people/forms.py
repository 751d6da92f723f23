"""What is filled in about people."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import UserCreationForm, UsernameField

from deployments.public import Role

from ..models import User
from .inviting import LIFETIMES

if TYPE_CHECKING:
    _NewPerson = UserCreationForm[User]
else:  # only the type stubs know the parameter
    _NewPerson = UserCreationForm

_ROLES = [(role.value, role.value) for role in Role]


class InviteForm(forms.Form):
    """For whom, in which role, for how long, and where to send it."""

    whom = forms.CharField(label="For whom", max_length=80, required=False)
    email = forms.EmailField(label="Mail address", required=False)
    role = forms.ChoiceField(choices=_ROLES, initial=Role.MEMBER.value)
    days = forms.TypedChoiceField(
        label="Works for", coerce=int, choices=[(days, f"{days} days") for days in LIFETIMES], initial=7
    )


class RoleForm(forms.Form):
    """One of the four."""

    role = forms.ChoiceField(choices=_ROLES)


class ComeInForm(_NewPerson):
    """What an invited person chooses."""

    class Meta:
        model = User
        fields = ["first_name", "username"]

    first_name = forms.CharField(label="Your name", max_length=150, help_text="As others see it.")
    username = UsernameField(
        label="User name", max_length=150, help_text="For signing in: letters, digits and @ . + - _"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "autocomplete": "username"}
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["first_name"].widget.attrs |= {"autofocus": True, "autocomplete": "name"}
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""

    field_order = ["first_name", "username", "password1", "password2"]
