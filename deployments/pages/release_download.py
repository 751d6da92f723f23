"""A release as an archive that deploys without the panel."""

import io
import json
import zipfile
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from deployments.models import Release
from deployments.planning.power import Scope
from deployments.planning.spec import Spec, SpecError
from deployments.providers import rendering
from deployments.services import releases
from deployments.services.errors import Refused
from deployments.services.plain_secrets import refuse_plain_secrets

from .access import PageRequest, needs
from .answers import refused
from .lookup import deployment_of

_HOW = """\
Release {number} of {slug}, as Pilotlight deploys it.

    PILOTLIGHT_SPEC="$(cat spec.json)" modal deploy modal_app.py

Modal has to know these secrets: {secrets}.
What runs then costs money until it is idle for {idle_s} s; `modal app stop {app}` ends it.
"""


@require_safe
@needs(Scope.READ)
def release_download(request: PageRequest, slug: str, number: int) -> HttpResponse:
    """`modal_app.py`, its document `spec.json`, and how to deploy them, as a zip. It holds no secret."""
    deployment = deployment_of(request, slug)
    to = reverse("deployments:settings", args=[slug])
    try:
        release = releases.release_of(deployment, number)
        spec = Spec.from_json(release.spec)
        refuse_plain_secrets(spec)
        document = rendering.spec_document(spec, slug, number)
    except Refused as error:
        if error.status != 404:  # written before secrets were refused
            return refused(request, error, to)
        raise Http404(error.message) from None
    except SpecError as error:
        why = Refused("invalid", f"This release cannot be rendered: {error}", status=422)
        return refused(request, why, to)
    answer = HttpResponse(_archive(release, spec, document), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{slug}-release-{number}.zip"'
    return answer


def _archive(release: Release, spec: Spec, document: dict[str, Any]) -> bytes:
    """The same bytes for the same release: the time in it is that of the release."""
    at = release.created_at.timetuple()[:6]
    how = _HOW.format(
        number=release.number, slug=document["slug"], secrets=", ".join(spec.secrets) or "none",
        idle_s=spec.idle_window_s, app=spec.app_name,
    )  # fmt: skip
    parts = {
        "modal_app.py": rendering.module_source(),
        "spec.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "README.txt": how,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, at), text)
    return buffer.getvalue()
