"""The configuration as a YAML file: to take along, and to bring in after a look at what it changes."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deployments.models import Deployment
from deployments.planning.configuration_file import LONGEST_CHARACTERS
from deployments.planning.power import Scope
from deployments.services import configuration_files
from deployments.services.errors import Refused, bad_field

from .access import PageRequest, needs
from .answers import acted, refused
from .head import head
from .lookup import deployment_of
from .release_words import in_words


@require_safe
@needs(Scope.READ)
def export(request: PageRequest, slug: str) -> HttpResponse:
    """The file, of the saved configuration or of `release`."""
    deployment, number = deployment_of(request, slug), _number(request.GET.get("release", ""))
    url = request.build_absolute_uri("/api/v1/configuration-schema")
    try:
        text = configuration_files.exported(deployment, number, schema_url=url)
    except Refused as error:
        if error.status == 404:
            raise Http404(error.message) from None
        return refused(request, error, reverse("deployments:settings", args=[slug]))
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    name = slug if number is None else f"{slug}-release-{number}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def bring_in(request: PageRequest, slug: str) -> HttpResponse:
    """A file is given, its differences are shown, and only then it is saved. Nothing typed is lost."""
    deployment = deployment_of(request, slug)
    if request.method != "POST":
        return _page(request, deployment, {"text": ""})
    text = request.POST.get("text", "")
    try:
        text = _given(request) or text
        if "save" in request.POST:
            base = request.POST.get("base", "")
            configuration_files.take_in(deployment, text, actor=request.actor, base=base)
            said = "The configuration is saved. The next release freezes it."
            return acted(request, said, reverse("deployments:settings", args=[slug]))
        plan = configuration_files.planned(deployment, text)
    except Refused as error:
        return _page(request, deployment, {"text": text, "error": error.message}, status=error.status)
    shown = {"text": text, "plan": plan, "judged": plan.judged, "differences": in_words(plan.changes)}
    return _page(request, deployment, shown)


def _page(
    request: PageRequest, deployment: Deployment, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    context = head(request, deployment, "settings") | {"longest": LONGEST_CHARACTERS} | context
    return render(request, "deployments/configuration_file.html", context, status=status)


def _given(request: PageRequest) -> str:
    """The text of a file that was chosen; empty without one."""
    file = request.FILES.get("file")
    if file is None:
        return ""
    data: bytes = file.read(4 * LONGEST_CHARACTERS + 1)
    if len(data) > 4 * LONGEST_CHARACTERS:
        raise bad_field("file", f"The file is longer than {LONGEST_CHARACTERS:,} characters.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_field("file", "The file is no text in UTF-8; save it as UTF-8.") from error


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404("There is no such release.")
    return int(text)
