"""`/deployments/{slug}/settings/edit/`: the configuration as a form. Saving touches nothing that runs."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import Deployment
from deployments.planning.merging import merged
from deployments.planning.power import Scope
from deployments.planning.spec import Spec
from deployments.services import editing
from deployments.services.editing import Stale, config_in, document_of, version_of
from deployments.services.errors import Refused
from deployments.services.preflight import preflight

from .access import PageRequest, needs
from .config_form.conflict import hidden, sides
from .config_form.context import form_context, moved
from .config_form.controls import control_of
from .config_form.reading import posted, read
from .config_form.texts import Texts, patched, texts_of
from .head import head
from .lookup import deployment_of

_LONGEST_PATCH = 20_000


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def edit(request: PageRequest, slug: str) -> HttpResponse:
    """GET is the form, with `?patch=` filled in on top of what is saved; POST checks, mends or saves."""
    deployment = deployment_of(request, slug)
    if request.method == "POST":
        return _posted(request, deployment)
    document = document_of(deployment)
    texts, notice = _with_patch(texts_of(document), request.GET.get("patch", ""))
    return _page(request, deployment, texts, base=document, notice=notice)


@require_POST
@needs(Scope.ADMIN)
def preview(request: PageRequest, slug: str) -> HttpResponse:
    """What stands beside the form, for what is typed so far, and the fields that a button changed."""
    deployment = deployment_of(request, slug)
    texts, touched = moved(request.POST, posted(request.POST), deployment) or (posted(request.POST), [])
    context = form_context(deployment, texts, touched=touched) | {"oob": True, "deployment": deployment}
    return render(request, "deployments/form/_preview.html", context | _addresses(deployment))


def _posted(request: PageRequest, deployment: Deployment) -> HttpResponse:
    texts, base = posted(request.POST), _base(request, deployment)
    pressed = moved(request.POST, texts, deployment)
    if pressed is not None:
        return _page(request, deployment, pressed[0], base=base, touched=pressed[1])
    step = request.POST.get("step", "")
    if step not in ("save", "over", "merge"):
        return _page(request, deployment, texts, base=base)
    reading = read(texts)
    if reading.errors:
        return _page(request, deployment, texts, base=base, status=422)
    return _save(request, deployment, reading.document, base=base, step=step)


def _save(
    request: PageRequest, deployment: Deployment, mine: dict[str, Any], *, base: dict[str, Any], step: str
) -> HttpResponse:
    """`over` puts mine over theirs, `merge` only my changes onto theirs, as they were seen."""
    based_on, document = version_of(base), mine
    if step != "save":
        based_on = request.POST.get("theirs", "")
    if step == "merge":
        theirs = document_of(deployment)
        base, document = theirs, merged(base, theirs, mine)
    try:
        saved = editing.save(deployment, actor=request.actor, document=document, based_on=based_on)
    except Stale as error:
        return _conflict(request, deployment.slug, error, base=_base(request, deployment), mine=mine)
    except Refused as error:
        return _refused(request, deployment, texts_of(document), error, base=base)
    messages.success(request, _consequence(saved))
    return redirect("deployments:settings", deployment.slug)


def _consequence(deployment: Deployment) -> str:
    """What saving did, and what stands between it and a release."""
    errors = len(preflight(deployment, Spec.from_json(deployment.config)).errors)
    if not errors:
        return "Saved. Nothing that runs has changed: make a release to use it."
    things = "One thing has" if errors == 1 else f"{errors} things have"
    return (
        f"Saved as a draft. Nothing that runs has changed. {things} to be mended before it can be released."
    )


def _refused(
    request: PageRequest, deployment: Deployment, texts: Texts, error: Refused, *, base: dict[str, Any]
) -> HttpResponse:
    refused, notice = blamed(error)
    return _page(
        request, deployment, texts, base=base, refused=refused, notice=notice, status=error.status
    )  # fmt: skip


def blamed(error: Refused) -> tuple[dict[str, str], str]:
    """A refusal by the control at fault, and what belongs to none."""
    found = {}
    for field, words in error.fields.items():
        control = control_of(field.removeprefix("config."))
        if control is not None:
            found[control.name] = f"{str(words)[:1].upper()}{str(words)[1:]}"
    return found, "" if found else error.message


def _page(
    request: PageRequest,
    deployment: Deployment,
    texts: Texts,
    *,
    base: dict[str, Any],
    status: int = 200,
    notice: str = "",
    **more: Any,
) -> HttpResponse:
    context = head(request, deployment, "settings") | form_context(deployment, texts, **more)
    context |= {"strict": status == 422}
    context |= {"base": json.dumps(base, ensure_ascii=False), "notice": notice}
    context |= _addresses(deployment)
    return render(request, "deployments/form/edit.html", context, status=status)


def _addresses(deployment: Deployment) -> dict[str, Any]:
    return {"preview_url": reverse("deployments:preview-settings", args=[deployment.slug])}


def _conflict(
    request: PageRequest, slug: str, error: Stale, *, base: dict[str, Any], mine: dict[str, Any]
) -> HttpResponse:
    """Somebody else saved meanwhile: nothing is lost, and nothing is overwritten unseen."""
    deployment = Deployment.objects.select_related("account").get(slug=slug)
    theirs = document_of(deployment)
    context = {
        "nav": "deployments",
        "deployment": deployment,
        "since": error.since,
        "sides": sides(base, theirs, mine),
        "hidden": hidden(posted(request.POST)),
        "base": json.dumps(base, ensure_ascii=False),
        "theirs": version_of(theirs),
    }
    return render(request, "deployments/form/conflict.html", context, status=409)


def _base(request: PageRequest, deployment: Deployment) -> dict[str, Any]:
    """What the form was read with, as it carries it; a form without it was read just now."""
    try:
        base = json.loads(request.POST.get("base", ""))
    except (ValueError, RecursionError):
        base = None
    return base if isinstance(base, dict) else document_of(deployment)


def _with_patch(texts: Texts, patch: str) -> tuple[Texts, str]:
    """Settings that another page proposes, filled in and not saved."""
    if not patch or len(patch) > _LONGEST_PATCH:
        return texts, ""
    try:
        asked = json.loads(patch)
        proposed = Spec.from_json(config_in(read(texts).document) | asked).to_json()
    except (ValueError, TypeError, RecursionError):
        return texts, "The change that was to be filled in cannot be read. What is saved is shown."
    changed, touched = patched(texts, {name: proposed[name] for name in asked})
    if not touched:
        return texts, "What was to be filled in is there already."
    names = ", ".join(control.label for control in touched)
    return changed, f"Filled in and not saved yet: {names}."
