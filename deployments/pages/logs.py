"""`/deployments/{slug}/logs/`: the newest lines, their live tail, and all of them as text."""

from datetime import UTC
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment, LogLine
from deployments.planning.power import Scope
from deployments.services import findings, logs, runs
from deployments.services.views import DiagnosisView, StatusView

from . import words
from .access import PageRequest, needs
from .head import head
from .log_lines import rows
from .lookup import deployment_of

_NEWEST, _BESIDE = 500, 200
_MOST = 100_000
_RUNS = 20


@require_safe
@needs(Scope.READ)
def log_page(request: PageRequest, slug: str) -> HttpResponse:
    """The page; it works without scripts, as a page to reload."""
    deployment = deployment_of(request, slug)
    asked, line_id = _asked(request), _whole(request.GET.get("line", ""))
    lines = rows(_around(deployment, line_id, asked) or logs.lines(deployment, limit=_NEWEST, **asked))
    view = head(request, deployment, "logs")
    context = {
        "lines": lines,
        "line_id": line_id if any(line.id == line_id for line in lines) else None,
        "cards": _cards(deployment, view["status"], asked["run_id"]),
        "more": len(lines) == _NEWEST,
        "after_id": lines[-1].id if lines else 0,
        "runs": _runs(deployment),
        "query": _query(asked),
        **asked,
    }
    return render(request, "deployments/logs.html", view | context)


def _around(deployment: Deployment, line_id: int | None, asked: dict[str, Any]) -> list[LogLine]:
    """The line with what stands before and after it; empty where there is no such line among those asked."""
    if line_id is None:
        return []
    before = logs.lines(deployment, before_id=line_id + 1, limit=_BESIDE, **asked)
    if not before or before[-1].pk != line_id:
        return []
    return before + logs.lines(deployment, after_id=line_id, limit=_BESIDE, **asked)


def _cards(deployment: Deployment, status: StatusView, run_id: int | None) -> list[DiagnosisView]:
    """What the log doctor says of the run that is shown, else of the failure that keeps it out."""
    if run_id is not None:
        return findings.of_runs([run_id], deployment).get(run_id, [])
    told = status.failure.diagnosis if status.failure is not None else None
    return [told] if told is not None else []


@require_safe
@needs(Scope.READ)
def log_tail(request: PageRequest, slug: str) -> HttpResponse:
    """Lines after `?after=`, as rows to append; 204 where there is none."""
    deployment = deployment_of(request, slug)
    after = request.GET.get("after", "")
    after_id = int(after) if after.isascii() and after.isdigit() else 0
    lines = rows(logs.lines(deployment, after_id=after_id, limit=_NEWEST, **_asked(request)))
    if not lines:
        return HttpResponse(status=204)
    return render(request, "deployments/_log_lines.html", {"lines": lines})


@require_safe
@needs(Scope.READ)
def log_download(request: PageRequest, slug: str) -> HttpResponse:
    """The newest matching lines as text, a hundred thousand at most, oldest first, times in UTC."""
    deployment = deployment_of(request, slug)
    response = HttpResponse(_text(deployment, _asked(request)), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{deployment.slug}.log"'
    return response


def _text(deployment: Deployment, asked: dict[str, Any]) -> str:
    lines = logs.lines(deployment, limit=_MOST, **asked)
    return "".join(f"{line.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {line.text}\n" for line in lines)


def _asked(request: PageRequest) -> dict[str, Any]:
    contains = request.GET.get("contains", "").strip()[:200]
    return {"run_id": _whole(request.GET.get("run", "")), "contains": contains}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _query(asked: dict[str, Any]) -> str:
    query = QueryDict(mutable=True)
    query.update({"run": str(asked["run_id"] or ""), "contains": asked["contains"]})
    return query.urlencode()


def _runs(deployment: Deployment) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {"id": run.id, "number": run.number, "said": words.moment(run.first_seen_at, now=now)}
        for run in runs.runs_of(deployment, limit=_RUNS)
    ]
