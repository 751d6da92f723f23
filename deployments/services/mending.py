"""Making the change that a diagnosis offers: a look at it first, then one release. Lights nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from deployments.engines.validation import Fix
from deployments.models import Deployment, Finding, Release
from deployments.planning.power import Actor

from . import editing, findings, releases
from .errors import Refused
from .locking import locked
from .preflight import Preflight, preflight
from .releases import Change


@dataclass(frozen=True, slots=True)
class Mend:
    """What would be released. `changes` are against the release that the next start brings, so that what
    somebody saved and did not release is seen too; `base` names the saved configuration looked at."""

    finding: Finding
    fix: Fix
    before: Mapping[str, Any]
    config: Mapping[str, Any]
    changes: list[Change]
    judged: Preflight
    base: str


def planned(deployment: Deployment, finding_id: int) -> Mend:
    """Look at the change. Changes nothing. Raises Refused: not_found; nothing_to_mend where the saved
    configuration has it already, or no setting mends it."""
    finding = findings.finding_of(deployment, finding_id)
    fix = findings.fix_of(finding, deployment.config)
    if fix is None:
        message = "There is no change left to make: the saved configuration has it already."
        raise Refused("nothing_to_mend", message, status=409)
    spec = releases.checked_spec({**deployment.config, **fix.patch})
    current = deployment.current_release
    before = current.spec if current is not None else deployment.config
    return Mend(
        finding,
        fix,
        before,
        spec.to_json(),
        releases.difference(before, spec.to_json()),
        preflight(deployment, spec),
        editing.version_of(editing.document_of(deployment)),
    )


def mend(deployment: Deployment, finding_id: int, *, actor: Actor, base: str) -> Release:
    """Save the change and freeze it as the next release; both or nothing. What is lit stays as it is.

    Raises Refused: not_allowed, Stale (the saved configuration is not the one looked at), and what
    `planned` and `create_release` raise.
    """
    with transaction.atomic():
        row = locked(deployment.pk)
        editing.check_version(row, base)
        plan = planned(row, finding_id)
        releases.save_config(row, actor=actor, config=plan.config)
        return releases.create_release(row, actor=actor, note=_note(plan.finding))


def _note(finding: Finding) -> str:
    where = f" (run {finding.run.number})" if finding.run is not None else ""
    return f"log doctor: {finding.title}{where}"
