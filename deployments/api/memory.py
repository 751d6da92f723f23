"""`/memory`: whether a model fits, from its config.json; and a deployment's formats on every GPU."""

from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router, Status

from deployments.planning.memory.assumed import assumed
from deployments.planning.memory.devices import DEVICES, device_of
from deployments.planning.memory.fit import Fit, Setting, estimate
from deployments.planning.memory.of_spec import setting_of
from deployments.planning.memory.remedies import remedies
from deployments.planning.memory.shape import read_config
from deployments.planning.power import Scope
from deployments.services import model_sizes
from deployments.services.errors import Refused, bad_field
from deployments.services.formats import Priced, compared, question_of
from deployments.services.measured import Observation, observations
from deployments.services.model_sizes import ModelSizes
from deployments.services.releases import checked_spec

from .access import ApiRequest, deployment_of, needs
from .memory_schemas import FormatsOut, MemoryOut, MemoryWish, ModelConfigWish

router = Router(tags=["memory"])

_ONE = "/deployments/{slug:slug}"


@router.post("/memory", response=MemoryOut, summary="Whether a model fits, from its config.json")
@needs(Scope.READ)
def post_memory(request: ApiRequest, wish: MemoryWish) -> Any:
    """Arithmetic alone: nothing is started, asked or kept."""
    config = model_sizes.checked(wish.config)
    device, shape = device_of(wish.gpu), read_config(config)
    if device is None:
        raise bad_field("gpu", f"is not known here; choose one of {', '.join(DEVICES)}.")
    if shape.heads % wish.count:
        raise bad_field("count", f"{shape.heads} attention heads cannot be shared by {wish.count} GPUs.")
    setting = Setting(
        ranks=wish.count, memory_share=wish.memory_share, max_model_len=wish.max_model_len,
        kv_cache_dtype=wish.kv_cache_dtype, drafting=wish.drafting, eager=wish.eager,
        checkpoint_gib=wish.checkpoint_gib,
    )  # fmt: skip
    return {
        "architecture": shape.architecture,
        "format": shape.quantization,
        "fit": _fit(estimate(shape, setting, device), wish.count),
        "assumed": assumed(config),
        "remedies": list(remedies(shape, setting, device)),
    }


@router.get(f"{_ONE}/formats", response=FormatsOut, summary="The model in every format on every GPU")
@needs(Scope.READ)
def get_formats(
    request: ApiRequest,
    slug: str,
    requests: Annotated[float, Query(gt=0, le=4096, description="Requests of full length at once.")] = 1,
) -> Any:
    """Of the saved configuration. 409 where the model's sizes are not known."""
    deployment = deployment_of(request, slug)
    sizes = ModelSizes(deployment)
    spec = checked_spec(deployment.config)
    seen = observations(deployment, sizes)
    asked = question_of(deployment, spec, sizes, seen, setting=setting_of(spec), requests=requests)
    if asked is None:
        words = f"The sizes of {spec.model} are not known here, or it has no GPU: give its config.json."
        raise Refused("sizes_unknown", words, status=409)
    found = compared(asked, timezone.now())
    return {
        "slug": deployment.slug,
        "cells": [_cell(one) for one in found.cells],
        "options": [_cell(one) for one in found.options],
        "measured": [_measured(one) for one in seen],
    }


@router.put(f"{_ONE}/model-config", response={204: None}, summary="Keep the config.json of the model")
@needs(Scope.ADMIN)
def put_model_config(request: ApiRequest, slug: str, wish: ModelConfigWish) -> Status[None]:
    """Estimates of memory use it from now on, while the deployment has this model."""
    source = f"given by {request.auth.name}"
    model_sizes.keep(deployment_of(request, slug), actor=request.auth, config=wish.config, source=source)
    return Status(204, None)


@router.post(f"{_ONE}/model-config/read", response={204: None}, summary="Read it from the weights volume")
@needs(Scope.ADMIN)
def read_model_config(request: ApiRequest, slug: str) -> Status[None]:
    """Keeps the config.json that lies beside the weights. No container is started; takes up to 30 s."""
    model_sizes.keep_from_volume(deployment_of(request, slug), actor=request.auth)
    return Status(204, None)


@router.delete(f"{_ONE}/model-config", response={204: None}, summary="Remove the kept config.json")
@needs(Scope.ADMIN)
def delete_model_config(request: ApiRequest, slug: str) -> Status[None]:
    """One that is not there is no error."""
    model_sizes.forget(deployment_of(request, slug), actor=request.auth)
    return Status(204, None)


def _fit(fit: Fit, count: int) -> dict[str, Any]:
    names = (
        "fits", "weights_gib", "reserve_gib", "graphs_gib", "cache_gib", "left_gib", "cache_tokens",
        "context", "longest", "requests", "error", "basis",
    )  # fmt: skip
    told = {name: getattr(fit, name) for name in names}
    return told | {"gpu": fit.device.name, "count": count, "gpu_memory_gib": fit.device.memory_gib}


def _cell(one: Priced) -> dict[str, Any]:
    cell = one.cell
    return {
        "format": cell.format.key,
        "gpu": cell.device.name,
        "count": cell.count,
        "computes": cell.path.way,
        "own_format": cell.own_format,
        "fits": cell.fits,
        "close": cell.close,
        "why_not": cell.why_not,
        "usd_per_hour": one.usd_per_hour,
        "fit": None if cell.fit is None else _fit(cell.fit, cell.count),
    }


def _measured(one: Observation) -> dict[str, Any]:
    return {
        "release": one.release,
        "run": one.run,
        "weights_gib": one.measured.weights_gib,
        "cache_gib": one.measured.cache_gib,
        "cache_tokens": one.tokens,
        "weights_off_percent": one.weights_off,
        "cache_off_percent": one.cache_off,
        "tokens_off_percent": one.tokens_off,
    }
