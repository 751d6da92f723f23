"""`/deployments/{slug}/logs/`: the newest lines, their live tail, and all of them as text."""

from datetime import UTC
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import logs, runs

from . import words
from .access import PageRequest, needs
from .head import head
from .log_lines import rows
from .lookup import deployment_of

_NEWEST = 500
_MOST = 100_000
_RUNS = 20


@require_safe
@needs(Scope.READ)
def log_page(request: PageRequest, slug: str) -> HttpResponse:
    """The page; it works without scripts, as a page to reload."""
    deployment = deployment_of(request, slug)
    asked = _asked(request)
    lines = rows(logs.lines(deployment, limit=_NEWEST, **asked))
    context = {
        "lines": lines,
        "more": len(lines) == _NEWEST,
        "after_id": lines[-1].id if lines else 0,
        "runs": _runs(deployment),
        "query": _query(asked),
        **asked,
    }
    return render(request, "deployments/logs.html", head(request, deployment, "logs") | context)


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
    run = request.GET.get("run", "")
    known = run.isascii() and run.isdigit() and len(run) < 19
    return {"run_id": int(run) if known else None, "contains": request.GET.get("contains", "").strip()[:200]}


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
