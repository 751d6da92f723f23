"""What there is to say about a form as it stands: changes nothing and asks nothing outside."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils import timezone

from deployments.engines.registry import engine_for
from deployments.engines.validation import Finding, Level
from deployments.ledger.prices import PriceBook
from deployments.models import Deployment
from deployments.pages.release_words import said
from deployments.planning.memory.of_spec import Verdict
from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import Spec, SpecError
from deployments.services import costs
from deployments.services.describe import DESCRIBED
from deployments.services.editing import config_in, normal
from deployments.services.preflight import catalogue_for, preflight

from .controls import CONTROLS, Control, control_of
from .reading import Reading
from .texts import value_at

# Refused when it is saved, but no reason not to judge the rest; rules say the same with a fix.
_JUDGED_ANYWAY = frozenset({"max_inputs", "environment", "idle_window_s"})
# A value for each setting that is never refused, to look for what else would be.
_SAFE = GLM_5_2_FP8.to_json() | {"max_inputs": 1000}


@dataclass(frozen=True, slots=True)
class Said:
    """A finding with the control that it is about; `key` names its fix in a button."""

    finding: Finding
    control: Control | None
    key: str


@dataclass(frozen=True, slots=True)
class Differs:
    """A control whose value is not that of the release."""

    control: Control
    before: str
    after: str


@dataclass(slots=True)
class Judged:
    """All of it. `spec` is None where too much is missing; `errors` are by control, and refuse a save."""

    reading: Reading
    catalogue_version: str
    errors: dict[str, str]
    prices: PriceBook | None
    spec: Spec | None = None
    said: list[Said] = field(default_factory=list)
    against: str = ""
    differs: dict[str, Differs] = field(default_factory=dict)
    memory: Verdict | None = None
    usd_per_hour: Decimal | None = None
    command: tuple[str, ...] = ()

    @property
    def stops_release(self) -> int:
        """How many findings refuse a release."""
        return sum(one.finding.level is Level.ERROR for one in self.said)

    @property
    def warnings(self) -> int:
        """How many findings warn."""
        return sum(one.finding.level is Level.WARNING for one in self.said)

    def at(self, control: Control) -> list[Said]:
        """The errors and warnings at one control; an advice stands beside the form alone."""
        found = (one for one in self.said if one.control == control)
        return [one for one in found if one.finding.level is not Level.ADVICE]


def judge(reading: Reading, deployment: Deployment) -> Judged:
    """Judge what was read for a deployment, or for one that is only being filled in (without a key)."""
    config = config_in(reading.document)
    refused = problems(config)
    errors = {_control_name(name): f"{_upper(words)}" for name, words in refused.items()} | reading.errors
    catalogue = catalogue_for(str(config.get("engine_version") or ""))
    account = deployment.account if deployment.account_id else None
    judged = Judged(reading, catalogue.version, errors, costs.book(account) if account else None)
    judged.against, judged.differs = _differences(deployment, reading.document)
    if refused.keys() <= _JUDGED_ANYWAY and not reading.errors:
        _look(judged, deployment, Spec.draft(config))
    return judged


def _look(judged: Judged, deployment: Deployment, spec: Spec) -> None:
    judged.spec = spec
    preflighted = preflight(deployment, spec)
    found = [Said(one, control_of(one.field), fix_key(one)) for one in preflighted.findings]
    judged.said = found
    for one in found:  # the rule says it better, and has a remedy to click
        if one.control and one.finding.level is Level.ERROR and one.finding.fix:
            judged.errors.pop(one.control.name, None)
    judged.memory = preflighted.memory
    try:
        judged.command = engine_for(spec.engine).command(spec).argv
        if judged.prices is not None:
            held = costs.resources(spec, deployment.account)
            judged.usd_per_hour = judged.prices.usd_per_hour(held, timezone.now())
    except (SpecError, LookupError):
        pass  # said by a finding, or as a price that is not known


def problems(config: Mapping[str, Any]) -> dict[str, str]:
    """Everything that a save would refuse, by setting."""
    errors: dict[str, str] = {}
    trial = dict(config)
    while True:
        try:
            Spec.from_json(trial)
        except SpecError as error:
            errors.setdefault(error.field, error.message)
            if error.field not in _SAFE or trial.get(error.field) == _SAFE[error.field]:
                return errors
            trial[error.field] = _SAFE[error.field]
        else:
            return errors


def fix_key(finding: Finding) -> str:
    """A short name for what a fix does; empty where there is none."""
    if finding.fix is None:
        return ""
    text = json.dumps([finding.code, finding.flag, dict(finding.fix.patch)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _differences(deployment: Deployment, document: Mapping[str, Any]) -> tuple[str, dict[str, Differs]]:
    """What differs from the release that is deployed, else from the one that the next start uses."""
    release = deployment.live_release or deployment.current_release
    if release is None:
        return "", {}
    before, found = normal(release.spec), {}
    for control in CONTROLS.values():
        was, now = value_at(control, before), value_at(control, document)
        if control.name not in DESCRIBED and was != now:
            found[control.name] = Differs(control, said(was), said(now))
    return f"release {release.number}", found


def _control_name(setting: str) -> str:
    control = control_of(setting)
    return control.name if control is not None else setting


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
