"""Everything that a release would bring to the provider, rendered and not deployed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils import timezone

from deployments.ledger.prices import PriceMissing
from deployments.models import Deployment, Release
from deployments.planning.spec import Spec, SpecError
from deployments.providers.rendering import module_source, spec_document

from . import costs
from .errors import bad_field
from .releases import Change, difference


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be deployed. `number` is that of the release it would be; `against` is the release it is
    compared with: the one at the provider, else the one of the next start, else None. Dollars are None where
    a price is missing. Of the secrets only names are known here."""

    number: int
    against: Release | None
    changes: list[Change]
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    document: Mapping[str, Any]
    module: str
    gpu_usd_per_hour: Decimal | None
    usd_per_hour: Decimal | None


def dry_run(deployment: Deployment, spec: Spec) -> DryRun:
    """Render `spec` as a deploy of it would. Reads rows; asks and changes nothing. Raises Refused for a spec
    that its engine cannot run."""
    newest = deployment.releases.aggregate(top=Max("number"))["top"] or 0
    against = deployment.live_release or deployment.current_release
    try:
        document = spec_document(spec, deployment.slug, newest + 1)
    except SpecError as error:
        raise bad_field(f"config.{error.field}", error.message) from error
    gpus, whole = _prices(deployment, spec)
    return DryRun(
        number=newest + 1,
        against=against,
        changes=difference(against.spec if against is not None else {}, spec.to_json()),
        argv=tuple(document["argv"]),
        environment=document["environment"],
        secrets=spec.secrets,
        document=document,
        module=module_source(),
        gpu_usd_per_hour=gpus,
        usd_per_hour=whole,
    )


def _prices(deployment: Deployment, spec: Spec) -> tuple[Decimal | None, Decimal | None]:
    """An hour of the GPUs, and of everything with what CPU and memory are assumed to use."""
    held, book, now = (
        costs.resources(spec, deployment.account),
        costs.book(deployment.account),
        timezone.now(),
    )
    try:
        return book.usd_per_hour(held, now), book.whole_usd_per_hour(held, now)
    except PriceMissing:
        return None, None
