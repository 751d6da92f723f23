"""Deployments: the configuration as JSON, checked as a whole before it is kept."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from deployments.engines.validation import Level
from deployments.models import Deployment
from deployments.planning.power import Actor
from deployments.planning.presets import GLM_5_2_FP8
from deployments.services import editing, releases
from deployments.services.describe import describe
from deployments.services.errors import Refused
from deployments.services.preflight import preflight

if TYPE_CHECKING:
    _DeploymentForm = forms.ModelForm[Deployment]
else:  # only the type stubs know the parameter
    _DeploymentForm = forms.ModelForm


class IndentedJSON(forms.JSONField):
    """JSON as people edit it."""

    def prepare_value(self, value: Any) -> Any:
        """What was typed stays as it was typed; what is stored is indented."""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class DeploymentForm(_DeploymentForm):
    """The services judge the whole form before it is saved, in a transaction that is taken back."""

    actor: Actor
    config = IndentedJSON(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 40, "class": "font-mono", "spellcheck": "false"}),
        label="Configuration",
        help_text="Saving changes neither the running server nor a release: make a release to use it.",
    )

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Deployment
        fields = ["slug", "name", "account", "notes", "warm_up", "auto_rollback", "config"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:  # what the form is read with; a save against another one is told
            self.initial["version"] = editing.version_of(editing.document_of(self.instance))

    def clean(self) -> dict[str, Any]:
        """Errors of the services stand at their field; those of the configuration name the setting."""
        data = super().clean() or {}
        version = data.pop("version", "") or None
        if self.errors:
            return data
        if self.instance.pk is not None and version is not None:
            self._compare(version)
        try:
            with transaction.atomic():
                self.write(data)
                transaction.set_rollback(True)
        except Refused as error:
            for field, message in (error.fields or {"config": error.message}).items():
                self._refuse(field, str(message))
        return data

    def _compare(self, version: str) -> None:
        """What somebody else saved meanwhile is told once; saving again then says that this one stands."""
        stored = Deployment.objects.get(pk=self.instance.pk)
        try:
            editing.check_version(stored, version)
        except Refused as error:
            seen = editing.version_of(editing.document_of(stored))
            self.data = {**self.data.dict(), "version": seen}  # type: ignore[attr-defined]
            edit = reverse("deployments:edit-settings", args=[stored.slug])
            said = (
                f"{error.message} Nothing is saved. Save again to put this over theirs, or compare at {edit}."
            )
            self.add_error(None, said)

    def write(self, data: dict[str, Any]) -> Deployment:
        """Create or change it, as the acting person. Raises Refused."""
        data = {name: value for name, value in data.items() if name != "version"}
        own = {name: data[name] for name in ("warm_up", "auto_rollback")}
        if self.instance.pk is None:
            given = {name: value for name, value in data.items() if name not in own}
            made = releases.create_deployment(actor=self.actor, **given)
            Deployment.objects.filter(pk=made.pk).update(**own)
            return made
        stored = Deployment.objects.select_related("account", "live_release").get(pk=self.instance.pk)
        describe(stored, actor=self.actor, name=data["name"], notes=data["notes"], **own)
        if data["config"] == stored.config:
            return stored
        return releases.save_config(stored, actor=self.actor, config=data["config"])

    def _refuse(self, field: str, message: str) -> None:
        setting = field.removeprefix("config.")
        if setting != field:
            self.add_error("config", f"{setting} {message}")
        else:
            self.add_error(field if field in self.fields else "config", message)


@admin.register(Deployment)
class DeploymentAdmin(ModelAdmin):  # type: ignore[misc]
    """Configuration. Starting, sleeping and turning off are on the deployment's own page."""

    form = DeploymentForm
    list_display = ["name", "slug", "account", "current_release", "archived_at"]
    list_select_related = ["account", "current_release"]
    list_filter = ["account"]
    fields = ["slug", "name", "account", "notes", "warm_up", "auto_rollback", "config", "version"]
    actions = ["make_release", "archive"]

    def get_form(self, request: HttpRequest, obj: Deployment | None = None, **kwargs: Any) -> Any:
        """The form, acting as whoever is signed in."""
        form = super().get_form(request, obj, **kwargs)
        return type("ActingForm", (form,), {"actor": request.actor})  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Deployment | None = None) -> list[str]:
        """Addresses, and where a deployment lives, are for good."""
        return ["slug", "account"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new deployment begins as the built-in one, under a name of its own."""
        return {
            "config": GLM_5_2_FP8.to_json() | {"app_name": ""},
            **super().get_changeform_initial_data(request),
        }

    def save_model(self, request: HttpRequest, obj: Deployment, form: Any, change: bool) -> None:
        """By the same services as everything else; a release would be refused for the errors told here."""
        written = form.write(form.cleaned_data)
        obj.pk = written.pk
        for found in preflight(written, releases.checked_spec(written.config)).findings:
            level = messages.ERROR if found.level is Level.ERROR else messages.WARNING
            if found.level is not Level.ADVICE:
                self.message_user(request, f"{found.field}: {found.words}", level)

    def has_delete_permission(self, request: HttpRequest, obj: Deployment | None = None) -> bool:
        """Archived, never deleted: its runs and costs stay."""
        return False

    @admin.action(description="Make a release of the configuration")
    def make_release(self, request: HttpRequest, rows: QuerySet[Deployment]) -> None:
        """The next start uses it; what is lit stays as it is."""

        def act(row: Deployment) -> str:
            return f"release {releases.create_release(row, actor=_actor(request)).number} made"

        self._say(request, rows, act)

    @admin.action(description="Archive (it has to be off)")
    def archive(self, request: HttpRequest, rows: QuerySet[Deployment]) -> None:
        """Take it off the pages."""

        def act(row: Deployment) -> str:
            releases.archive(row, actor=_actor(request))
            return "archived"

        self._say(request, rows, act)

    def _say(
        self, request: HttpRequest, rows: QuerySet[Deployment], act: Callable[[Deployment], str]
    ) -> None:
        for row in rows:
            try:
                self.message_user(request, f"{row.name}: {act(row)}.", messages.SUCCESS)
            except Refused as error:
                self.message_user(request, f"{row.name}: {error.message}", messages.ERROR)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
