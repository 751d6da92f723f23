"""Knowing whether the weights lie on the volume: a look at the volume's list of files, free."""

from datetime import datetime

from deployments.models import Deployment
from deployments.planning.spec import Spec
from deployments.providers.base import Provider, scaled

from .facts import spec_of

CHECK_S = 600.0
CACHE_PATH = "/root/.cache/huggingface"


def look_for_weights(deployment: Deployment, provider: Provider, now: datetime) -> None:
    """Look again where the last look is ten minutes old (of the provider's time). Raises ProviderError."""
    if not weights_due(deployment, now):
        return
    present = _present(spec_of(deployment), provider)
    Deployment.objects.filter(pk=deployment.pk).update(weights_present=present, weights_checked_at=now)


def weights_due(deployment: Deployment, now: datetime) -> bool:
    """True where the last look is old enough. No query."""
    asked = deployment.weights_checked_at
    return asked is None or now >= asked + scaled(CHECK_S, deployment.account.speed)


def _present(spec: Spec, provider: Provider) -> bool | None:
    volume = spec.volumes.get(CACHE_PATH)
    return provider.weights_present(volume, spec.model) if volume else None
