"""What is filled in about people."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm

from deployments.public import Role

from ..models import User
from .inviting import LIFETIMES

if TYPE_CHECKING:
    _NewPerson = BaseUserCreationForm[User]
else:  # only the type stubs know the parameter
    _NewPerson = BaseUserCreationForm

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

    field_order = ["first_name", "username", "password1", "password2"]
