"""People in the admin site."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .models import User
from .people.link import new_link

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """A person. Role and activity are changed under /people/, where the last admin stays one."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "display_name", "role_names", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    actions = ["make_link"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email", "theme", "time_zone"]}),
        ("Role", {"fields": ["is_active", "groups"]}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["is_active", "groups", "last_login", "date_joined"]
    add_fieldsets = [(None, {"fields": ["username", "usable_password", "password1", "password2"]})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: deactivate them under /people/, so that the record keeps their name."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """People with their groups, in two queries."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Role")
    def role_names(self, user: User) -> str:
        """The groups of `user`."""
        return ", ".join(group.name for group in user.groups.all()) or "none"

    @admin.action(description="Make a one-time sign-in link")
    def make_link(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Show a link for each person, once."""
        for user in people.filter(is_active=True):
            messages.info(request, f"For {user.username}, once, within a day: {new_link(user)}")
