"""`/deployments/{slug}/formats/`: the model in every format on every GPU."""

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deployments.models import Deployment
from deployments.planning.memory.assumed import assumed
from deployments.planning.memory.fit import Setting
from deployments.planning.memory.of_spec import fit_of, setting_of
from deployments.planning.memory.shape import Shape
from deployments.planning.power import Scope
from deployments.planning.spec import Spec, SpecError
from deployments.services import model_sizes
from deployments.services.errors import Refused
from deployments.services.formats import Formats, compared, patch_of, question_of
from deployments.services.measured import Observation, observations, own_calibration
from deployments.services.model_sizes import ModelSizes

from .access import PageRequest, needs
from .fit_form import FitForm, sent_text
from .format_tables import options, paths, published, table
from .head import head
from .lookup import deployment_of


@require_safe
@needs(Scope.READ)
def formats(request: PageRequest, slug: str) -> HttpResponse:
    """The page. It compares the saved configuration, released or not."""
    deployment = deployment_of(request, slug)
    sizes = ModelSizes(deployment)
    context = head(request, deployment, "settings") | {"kept": sizes.kept, "published": published()}
    try:
        spec = Spec.from_json(deployment.config)
    except SpecError as error:
        return render(request, "deployments/formats.html", context | {"error": str(error)})
    seen = observations(deployment, sizes)
    context |= {"spec": spec, "observed": seen[::-1]}
    context |= _compared(request, deployment, spec, sizes, seen)
    return render(request, "deployments/formats.html", context)


def _compared(
    request: PageRequest, deployment: Deployment, spec: Spec, sizes: ModelSizes, seen: list[Observation]
) -> dict[str, Any]:
    shape = sizes.shape(spec.model)
    if shape is None:
        return {}
    form = _form(request, spec, shape)
    setting = form.setting(setting_of(spec))
    asked = question_of(
        deployment, spec, sizes, seen, setting=setting, requests=float(form.asked("requests"))
    )  # fmt: skip
    if asked is None:
        return {}
    found = compared(asked, timezone.now())
    rows = options(found, spec, patches=_patches(request, deployment, found, spec, setting))
    config = sizes.config(spec.model)
    return {
        "form": form,
        "setting": setting,
        "shape": shape,
        "saved": fit_of(spec, shape=shape, own=own_calibration(spec, sizes, seen)).fit,
        "found": found,
        "options": rows,
        "table": table(found, spec),
        "paths": paths(found),
        "assumed": assumed(config) if config else (),
    }


def _form(request: PageRequest, spec: Spec, shape: Shape) -> FitForm:
    initial = {
        "context": spec.max_model_len or shape.longest_context, "requests": 1,
        "share": spec.gpu_memory_utilization, "cache": spec.kv_cache_dtype or "",
    }  # fmt: skip
    return FitForm(request.GET, initial=initial)


def _patches(
    request: PageRequest, deployment: Deployment, found: Formats, spec: Spec, setting: Setting
) -> dict[int, str]:
    """The query of the settings form for each option, by its place; none for who may not edit."""
    if not request.actor.may(Scope.ADMIN, deployment.slug):
        return {}
    told = {}
    for number, one in enumerate(found.options):
        patch = patch_of(one, spec, setting)
        if patch:
            told[number] = urlencode({"patch": json.dumps(patch, separators=(",", ":"))})
    return told


@require_POST
@needs(Scope.ADMIN)
def keep_model(request: PageRequest, slug: str) -> HttpResponse:
    """Keep a config.json for this deployment's model, as sent or from its volume; or remove the kept one."""
    deployment, act = deployment_of(request, slug), request.POST.get("act")
    try:
        if act == "forget":
            model_sizes.forget(deployment, actor=request.actor)
            messages.success(request, "The kept config.json is removed.")
        elif act == "read":
            kept = model_sizes.keep_from_volume(deployment, actor=request.actor)
            messages.success(request, f"The config.json of {kept.model} is {kept.source}, and kept.")
        else:
            text = sent_text(request.FILES.get("file"), request.POST.get("config", ""))
            source = f"given by {request.actor.name}"
            model_sizes.keep(deployment, actor=request.actor, config=model_sizes.parsed(text), source=source)
            messages.success(request, "The config.json is kept; estimates of memory use it from now on.")
    except Refused as error:
        messages.error(request, _with_field(error))
    return redirect("deployments:formats", slug)


def _with_field(error: Refused) -> str:
    return " ".join(f"{name} {words}" for name, words in error.fields.items()) or error.message
