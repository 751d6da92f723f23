"""People in the admin site."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from deployments.public import Actor

from .models import User
from .people.link import new_link
from .people.recording import changed, differences

admin.site.unregister(Group)
# What the record says of a person that was changed here.
_TOLD = ("username", "first_name", "last_name", "email", "theme", "time_zone")


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

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save, and leave a line in the audit record: what was changed, and never a password."""
        super().save_model(request, obj, form, change)
        actor: Actor = request.actor  # type: ignore[attr-defined]
        names = [name for name in form.changed_data if name in _TOLD]
        changes = differences(form.initial, {name: form.cleaned_data[name] for name in names})
        verb, said = ("change_person", "changed") if change else ("add_person", "added")
        if changes or not change:
            changed(actor, obj, verb, f"{actor.name} {said} {obj.display_name} in the admin site.", changes)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """A password that was set for somebody is told too; the rest was told when it was saved."""
        match = request.resolver_match
        if match is not None and match.url_name == "auth_user_password_change":
            actor: Actor = request.actor  # type: ignore[attr-defined]
            changed(actor, obj, "set_password", f"{actor.name} set the password of {obj.display_name}.")
        return super().log_change(request, obj, message)

    @admin.display(description="Role")
    def role_names(self, user: User) -> str:
        """The groups of `user`."""
        return ", ".join(group.name for group in user.groups.all()) or "none"

    @admin.action(description="Make a one-time sign-in link")
    def make_link(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Show a link for each person, once."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        for user in people.filter(is_active=True):
            summary = f"{actor.name} made a sign-in link for {user.display_name}."
            changed(actor, user, "make_sign_in_link", summary)
            messages.info(request, f"For {user.username}, once, within a day: {new_link(user)}")
