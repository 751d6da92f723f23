"""What the log doctor found, as cards: one for each chain, with the change for the configuration of now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from deployments import doctor
from deployments.engines.validation import Fix, Level
from deployments.models import Deployment, Finding, Run
from deployments.planning.spec import Spec, SpecError

from .errors import not_found
from .views import DiagnosisView


def of_runs(run_ids: Iterable[int], deployment: Deployment) -> dict[int, list[DiagnosisView]]:
    """The cards of runs, by run: errors first. One query."""
    return of_many(dict.fromkeys(run_ids, deployment))


def of_many(runs: Mapping[int, Deployment]) -> dict[int, list[DiagnosisView]]:
    """The cards of runs of several deployments, by run. One query."""
    rows = Finding.objects.filter(run__in=list(runs)).select_related("run__release", "release")
    by_run: dict[int, list[Finding]] = defaultdict(list)
    for row in rows:
        if row.run_id is not None:
            by_run[row.run_id].append(row)
    return {run_id: cards(found, runs[run_id]) for run_id, found in by_run.items()}


def finding_of(deployment: Deployment, finding_id: int) -> Finding:
    """One finding. Raises Refused 404."""
    rows = deployment.findings.select_related("run__release", "release")
    found = rows.filter(pk=finding_id).first()
    if found is None:
        raise not_found("This diagnosis")
    return found


def of_break(deployment: Deployment, run: Run | None, now: datetime) -> DiagnosisView | None:
    """What a breaker that opens now knows: of its run, else of another life of the run's lease, else of the
    deploy or the wake."""
    rows = deployment.findings.select_related("run__release", "release").order_by("at", "id")
    places = [rows.filter(run=run)] if run is not None else []
    if run is not None and run.lease_id is not None:
        places.append(rows.filter(run__lease=run.lease_id))
    places.append(rows.filter(run=None, at=now))
    return next((card for found in places if (card := why_it_failed(found, deployment))), None)


def why_it_failed(rows: Iterable[Finding], deployment: Deployment) -> DiagnosisView | None:
    """The card whose chain has an error; None where there is none."""
    rows = list(rows)
    if not any(row.level == Level.ERROR for row in rows):
        return None
    return cards(rows, deployment)[0]


def cards(rows: Iterable[Finding], deployment: Deployment) -> list[DiagnosisView]:
    """One view for each chain. No query, where the rows have their runs' releases."""
    told = sorted(rows, key=lambda row: (row.at, row.line_id or 0, row.pk))
    config = _spec(deployment.config)
    return [
        _view(card.head, config, tuple(_view(row, config) for row in card.followed))
        for card in doctor.cards(told)
    ]


def fix_of(row: Finding, config: Mapping[str, Any]) -> Fix | None:
    """The change that the finding's rule makes of a configuration; None where it has none for it."""
    return _fix(row, _spec(config))


def _view(row: Finding, config: Spec | None, followed: tuple[DiagnosisView, ...] = ()) -> DiagnosisView:
    fix = _fix(row, config)
    return DiagnosisView(
        id=row.pk,
        code=row.code,
        level=row.level,
        title=row.title,
        cause=row.cause,
        remedy=row.remedy,
        evidence=row.evidence,
        at=row.at,
        run_id=row.run_id,
        line_id=row.line_id,
        fix=fix,
        mended=fix is None and _fix(row, _then(row)) is not None,
        followed=followed,
    )


def _fix(row: Finding, spec: Spec | None) -> Fix | None:
    rule = doctor.BY_CODE.get(row.code)  # a rule may have gone since it was told
    return rule.fix(row.values, spec) if rule is not None and spec is not None else None


def _then(row: Finding) -> Spec | None:
    """The configuration of the run that it was found in."""
    release = row.run.release if row.run is not None else row.release
    return _spec(release.spec) if release is not None else None


def _spec(config: Mapping[str, Any]) -> Spec | None:
    try:
        return Spec.from_json(config)
    except SpecError:
        return None
