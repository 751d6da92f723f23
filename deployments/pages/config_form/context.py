"""The form and what stands beside it, as a template's context; and what a button of it does."""

from collections.abc import Mapping
from typing import Any

from deployments.models import Deployment
from deployments.pages.definition import definition_of
from deployments.pages.memory_bar import parts_of
from deployments.pages.settings import wrapped
from deployments.services.preflight import catalogue_for

from .controls import Control
from .judging import Judged, judge
from .reading import read
from .shown import fields_by_name, sections_of
from .steps import with_fix, with_row, without_row
from .texts import Texts


def form_context(
    deployment: Deployment,
    texts: Texts,
    *,
    refused: Mapping[str, str] | None = None,
    touched: list[Control] | None = None,
) -> dict[str, Any]:
    """Sections, marks and side. `refused` is what a save said, by control; `touched` are the controls that a
    button changed: the first of them takes the keyboard."""
    judged = judge(read(texts), deployment)
    judged.errors |= refused or {}
    focus = touched[0].name if touched else ""
    sections = sections_of(texts, judged, focus=focus)
    by_name = fields_by_name(sections)
    return {
        "sections": sections,
        "touched": [by_name[control.name] for control in touched or []],
        "judged": judged,
        "flag_names": [flag.name for flag in catalogue_for(judged.catalogue_version).flags],
        "needed": [(one.key, one.control.label) for one in by_name.values() if one.error and one.is_blank],
        "wrong": [one for one in by_name.values() if one.error and not one.is_blank],
        "command": wrapped(judged.command) if judged.command else "",
        "definition": definition_of(deployment, judged.spec) if judged.spec is not None else None,
        "is_sandbox": bool(deployment.account_id and deployment.account.is_sandbox),
    } | _memory(judged)


def moved(
    data: Mapping[str, str], texts: Texts, deployment: Deployment
) -> tuple[Texts, list[Control]] | None:
    """What a button that saves nothing makes of the texts; None where none was pressed."""
    if key := data.get("fix"):
        return with_fix(texts, judge(read(texts), deployment), key)
    if name := data.get("more"):
        return with_row(texts, name)
    if asked := data.get("drop"):
        return without_row(texts, asked)
    return None


def _memory(judged: Judged) -> dict[str, Any]:
    verdict = judged.memory
    if verdict is None or verdict.fit is None:
        return {"memory": verdict}
    error = f"{verdict.fit.error:.0%}".replace("%", " %")
    return {"memory": verdict, "memory_parts": parts_of(verdict.fit), "memory_error": error}
