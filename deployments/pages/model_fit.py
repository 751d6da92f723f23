"""`/models/fit/`: whether a model fits, from its config.json. Nothing is kept unless an admin says so."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deployments.models import Account, Deployment
from deployments.planning.memory.assumed import assumed
from deployments.planning.memory.devices import DEVICES, GIB
from deployments.planning.memory.fit import estimate
from deployments.planning.memory.formats import FORMATS, path_of
from deployments.planning.memory.of_spec import Verdict
from deployments.planning.memory.remedies import remedies
from deployments.planning.memory.shape import Shape, read_config
from deployments.planning.memory.weights import weights_of
from deployments.planning.power import Scope
from deployments.services import model_sizes, status
from deployments.services.errors import Refused
from deployments.services.formats import Question, compared

from .access import PageRequest, needs
from .fit_form import ModelForm
from .format_tables import options, table
from .memory_bar import parts_of

_INITIAL = {"requests": 1, "share": "0.92", "cache": "", "gpu": "H100", "gpus": 1, "context": 32768}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.READ)
def model_fit(request: PageRequest) -> HttpResponse:
    """The form; POST shows the estimate, and with `keep` an admin keeps the file for a deployment."""
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ModelForm(*sent, initial=dict(_INITIAL))
    context: dict[str, Any] = {"form": form, "deployments": _open(request), "values": _values(form)}
    if request.method != "POST":
        return render(request, "deployments/model_fit.html", context)
    text = form.text()
    context["text"] = text
    try:
        config = model_sizes.parsed(text)
        if request.POST.get("act") == "keep":
            return _keep(request, config, str(form.data.get("deployment", "")))
    except Refused as error:
        told = error.fields or {"": error.message}
        context["errors"] = [
            (name.removeprefix("config").removeprefix("."), said) for name, said in told.items()
        ]
        return render(request, "deployments/model_fit.html", context, status=error.status)
    return render(request, "deployments/model_fit.html", context | _estimated(form, config))


def _estimated(form: ModelForm, config: dict[str, Any]) -> dict[str, Any]:
    shape, device = read_config(config), DEVICES[form.asked("gpu")]
    setting = form.setting(form.base())
    fit = estimate(shape, setting, device)
    account = Account.objects.order_by("pk").first() or Account()
    asked = Question(account, shape, setting, float(form.asked("requests")), device.name)
    found = compared(asked, timezone.now())
    return {
        "config": config,
        "shape": shape,
        "format": FORMATS[shape.quantization],
        "weights_gib": weights_of(shape, drafting=setting.drafting).total / GIB,
        "path": path_of(shape.quantization, device),
        "divides": shape.heads % setting.ranks == 0,
        "assumed": assumed(config),
        "memory": Verdict(fit, remedies=tuple(remedies(shape, setting, device))),
        "memory_parts": parts_of(fit),
        "memory_error": f"{fit.error:.0%}".replace("%", " %"),
        "setting": setting,
        "found": found,
        "options": options(found, None),
        "table": table(found, None),
        "facts": _facts(shape),
    }


def _values(form: ModelForm) -> dict[str, Any]:
    """What the choices and boxes show."""
    names = ("gpu", "cache", "drafting", "eager")
    return {name: form.asked(name) if name in ("gpu", "cache") else name in form.data for name in names}


def _facts(shape: Shape) -> list[tuple[str, str]]:
    """What was read, so that a slip is seen."""
    attention = f"{shape.heads} heads, {shape.kv_heads} of keys and values, {shape.head_dim} wide"
    if shape.latent is not None:
        attention = f"latent (MLA), {shape.latent.kv_rank} + {shape.latent.rope} numbers a token on every GPU"
    told = [("Layers", f"{shape.layers:,}"), ("Attention", attention)]
    if shape.experts is not None:
        told.append(
            ("Experts", f"{shape.experts.count:,} in {shape.layers - shape.experts.dense_layers:,} layers")
        )
    return [*told, ("Longest context", f"{shape.longest_context:,} tokens")]


def _errors(refused: Refused) -> list[tuple[str, str]]:
    """Field of the file, empty for the whole of it, and what is wrong."""
    told = refused.fields or {"": refused.message}
    return [(name.removeprefix("config").removeprefix("."), str(said)) for name, said in told.items()]


def _keep(request: PageRequest, config: dict[str, Any], slug: str) -> HttpResponse:
    deployment = _open(request).filter(slug=slug).first()
    if deployment is None:
        raise Refused("not_found", "Choose the deployment to keep it for.", status=422)
    source = f"given by {request.actor.name}"
    model_sizes.keep(deployment, actor=request.actor, config=config, source=source)
    messages.success(request, f"Kept for {deployment.name}; its estimates of memory use it from now on.")
    return redirect("deployments:formats", deployment.slug)


def _open(request: PageRequest) -> Any:
    return status.visible(request.actor) if request.actor.may(Scope.ADMIN) else Deployment.objects.none()
