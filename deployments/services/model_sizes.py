"""The sizes of a deployment's model: those the panel knows, or those of a config.json that an admin kept."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from django.db import transaction
from django.utils import timezone

from deployments.models import Deployment, ModelConfig
from deployments.planning.memory.known import shape_of
from deployments.planning.memory.shape import ConfigError, Shape, read_config
from deployments.planning.power import Actor, Scope
from deployments.planning.spec import Spec
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import audit
from .errors import Refused, bad_field, not_allowed
from .weights import CACHE_PATH

LARGEST_BYTES = 256 * 1024
FIELD = "config"


def parsed(text: str) -> dict[str, Any]:
    """The object of a config.json whose sizes can be read. Raises Refused naming the field at fault."""
    if len(text.encode(errors="replace")) > LARGEST_BYTES:
        raise bad_field(FIELD, f"has more than {LARGEST_BYTES // 1024} KiB; a config.json has a few.")
    try:
        found = json.loads(text.removeprefix("\ufeff"), parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise bad_field(FIELD, f"is not JSON{where}; give the config.json as it lies there.") from None
    return checked(found)


def checked(found: object) -> dict[str, Any]:
    """The same for what is an object already."""
    if not isinstance(found, dict):
        raise bad_field(FIELD, "is not a JSON object; give the config.json that lies beside the weights.")
    try:
        text = json.dumps(found, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (ValueError, RecursionError):  # infinite numbers, halves of characters
        raise bad_field(FIELD, "has a value that JSON cannot hold; take the file as it lies there.") from None
    if size > LARGEST_BYTES:
        raise bad_field(FIELD, f"has more than {LARGEST_BYTES // 1024} KiB; a config.json has a few.")
    if "\\u0000" in text:
        raise bad_field(FIELD, "has a NUL character in a text; remove it.")
    try:
        read_config(found)
    except ConfigError as error:
        raise bad_field(f"{FIELD}.{error.field}", error.message) from None
    return found


def keep(
    deployment: Deployment,
    *,
    actor: Actor,
    config: Mapping[str, Any],
    source: str,
    now: datetime | None = None,
) -> ModelConfig:
    """Keep the configuration of the model that the deployment has now. Raises Refused."""
    _allow(deployment, actor)
    model = str(deployment.config.get("model", ""))[:200]
    values = {
        "model": model,
        "config": checked(dict(config)),
        "source": source[:200],
        "kept_at": now or timezone.now(),
        "kept_by": actor.name[:150],
    }
    with transaction.atomic():
        row, _ = ModelConfig.objects.update_or_create(deployment=deployment, defaults=values)
        summary = f"{actor.name} kept the config.json of {model} ({source}) for estimates of memory."
        audit.record(actor, "configure", deployment=deployment, summary=summary)
    return row


def keep_from_volume(deployment: Deployment, *, actor: Actor) -> ModelConfig:
    """Read the config.json that lies beside the weights and keep it. Blocks for up to 30 s; starts nothing.
    Raises Refused."""
    _allow(deployment, actor)
    spec = Spec.from_json(deployment.config)
    volume = spec.volumes.get(CACHE_PATH)
    if volume is None:
        raise Refused("no_volume", f"It has no volume at {CACHE_PATH}; give the config.json.", status=409)
    try:
        content = provider_for(deployment.account).model_config(volume, spec.model)
    except ProviderError as error:
        raise Refused("provider", f"The volume could not be read: {error.message}", status=503) from None
    if content is None:
        words = (
            f"{spec.model} is not on the volume {volume} yet; download its weights, or give the config.json."
        )
        raise Refused("not_there", words, status=409)
    found = parsed(content.decode(errors="replace"))
    return keep(deployment, actor=actor, config=found, source=f"read from the volume {volume}")


def forget(deployment: Deployment, *, actor: Actor) -> None:
    """Use what the panel knows again. Raises Refused."""
    _allow(deployment, actor)
    with transaction.atomic():
        removed, _ = ModelConfig.objects.filter(deployment=deployment).delete()
        if removed:
            summary = f"{actor.name} removed the kept config.json of {deployment.slug}."
            audit.record(actor, "configure", deployment=deployment, summary=summary)


class ModelSizes:
    """What a deployment's estimates count with: its kept config.json, else what the panel knows."""

    def __init__(self, deployment: Deployment) -> None:
        """One query; none for a deployment that is only being filled in."""
        there = deployment.pk is not None
        self.kept = ModelConfig.objects.filter(deployment=deployment).first() if there else None

    def config(self, model: str) -> dict[str, Any] | None:
        """What was kept of this very model; None where it was of another one, or nothing was."""
        return self.kept.config if self.kept is not None and self.kept.model == model else None

    def shape(self, model: str) -> Shape | None:
        """The sizes to estimate with; None where nobody knows them."""
        config = self.config(model)
        if config is not None:
            try:
                return read_config(config)
            except ConfigError:  # kept by an older version that was less strict
                pass
        return shape_of(model)


def _allow(deployment: Deployment, actor: Actor) -> None:
    if not actor.may(Scope.ADMIN, deployment.slug):
        raise not_allowed("Keeping a model’s config.json needs an admin.")


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
