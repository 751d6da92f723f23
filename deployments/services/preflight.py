"""The findings on a configuration, with what the panel knows besides it."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from deployments.engines.catalogue import SHIPPED, Catalogue, CatalogueError, nearest
from deployments.engines.validation import Context, Finding, Level, facts_of_config, findings
from deployments.models import Deployment
from deployments.planning.memory.of_spec import Verdict, fit_of
from deployments.planning.spec import Spec

from .errors import Refused
from .expected import boot_time
from .loading import boots_of
from .measured import Known, known_of, own_calibration


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found, the version of the flags it was found with, and what fits on each GPU."""

    catalogue_version: str
    findings: list[Finding]
    memory: Verdict

    @property
    def may_release(self) -> bool:
        """Whether nothing of it is an error."""
        return not self.errors

    @property
    def errors(self) -> list[Finding]:
        """What refuses a release."""
        return [found for found in self.findings if found.level is Level.ERROR]


def added_catalogues() -> Path:
    """The folder of the catalogues that somebody added."""
    return Path(settings.PANEL_DATA_DIR) / "catalogues"


def catalogue_for(version: str) -> Catalogue:
    """The catalogue of a version or of the nearest one. An added one that is damaged is passed over."""
    try:
        return nearest(version, (SHIPPED, added_catalogues()))
    except (CatalogueError, OSError):
        return nearest(version)


def preflight(deployment: Deployment, spec: Spec, known: Known | None = None) -> Preflight:
    """Judge a spec for a deployment, with the history of its own starts. Changes and asks nothing outside.

    `known` is for whoever has read it already.
    """
    catalogue = catalogue_for(spec.engine_version)
    known = known or known_of(deployment)
    config, shape = known.sizes.config(spec.model), known.sizes.shape(spec.model)
    own = own_calibration(spec, known.sizes, known.seen)
    context = Context(
        catalogue,
        boot_p99_s=_boot_p99_s(deployment, spec),
        model=None if config is None else facts_of_config(config),
        # Servers of the sandbox run on the panel's own machine. A form can be without an account.
        shared=deployment.account_id is not None and deployment.account.is_sandbox,
        shape=shape,
        calibration=own,
    )
    return Preflight(catalogue.version, findings(spec, context), fit_of(spec, shape=shape, own=own))


def refuse_errors(deployment: Deployment, spec: Spec) -> None:
    """Raises Refused naming every error and its remedy, under the field at fault."""
    errors = preflight(deployment, spec).errors
    if not errors:
        return
    fields: dict[str, str] = {}
    for found in errors:
        field = f"config.{found.field}"
        fields[field] = f"{fields[field]} {found.words}" if field in fields else found.words
    count = "One thing has" if len(errors) == 1 else f"{len(errors)} things have"
    message = f"{count} to be mended before a release: " + " ".join(fields.values())
    raise Refused("config_refused", message, status=422, fields=fields)


def _boot_p99_s(deployment: Deployment, spec: Spec) -> float | None:
    """Seconds of life within which 99 of 100 own starts were ready; None where there are too few.

    A sandbox's starts are no history: its speed would multiply what its processes really take.
    """
    if deployment.pk is None:  # one that is only being filled in
        return None
    if deployment.account.is_sandbox:
        return None
    deployment.boots = boots_of(deployment)
    boot = boot_time(deployment, spec)
    return boot.p99_s if boot.runs else None
