"""`/deployments/{slug}/logs/`: a window of the log, further lines as fragments, and all of it as text."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment, LogSource, Run
from deployments.planning.power import Scope
from deployments.services import findings, logs
from deployments.services.logs import Asked, Found
from deployments.services.released import released
from deployments.services.views import DiagnosisView, StatusView

from . import words
from .access import PageRequest, needs
from .head import head
from .log_asked import asked_of, level_of, query_of, whole
from .log_lines import Look, rows
from .log_phases import links, run_of
from .lookup import deployment_of

_WINDOW, _BESIDE = 500, 200
_RUNS = _RELEASES = 20


@require_safe
@needs(Scope.READ)
def log_page(request: PageRequest, slug: str) -> HttpResponse:
    """The page; it works without scripts, by links to older and newer lines."""
    deployment = deployment_of(request, slug)
    asked = asked_of(request)
    run = run_of(deployment, asked)
    if line_id := _of_phase(deployment, run, request.GET.get("phase", "")):
        return redirect(f"{_here(deployment, asked)}line={line_id}#line-{line_id}")
    view = head(request, deployment, "logs")
    context = _window(deployment, asked, request) | {
        "cards": _cards(deployment, view["status"], asked.run_id),
        "asked": asked,
        "level": level_of(asked),
        "query": query_of(asked),
        "runs": _runs(deployment, run if asked.run_id else None),
        "releases": list(
            deployment.releases.order_by("-number").values_list("number", flat=True)[:_RELEASES]
        ),
        "sources": LogSource.values,
        **links(run),
    }
    return render(request, "deployments/logs.html", view | context)


def _window(deployment: Deployment, asked: Asked, request: PageRequest) -> dict[str, Any]:
    """The lines of this page and where it goes on: `before` leads to older ones, `after` to newer ones."""
    line_id, before_id, after_id = (whole(request.GET.get(name, "")) for name in ("line", "before", "after"))
    found, older, place = _around(deployment, asked, line_id), None, None
    if found is not None:
        older, place = found.lines[0].pk, found.lines[-1].pk
    elif after_id is not None:
        line_id, found = None, logs.find(deployment, asked, after_id=after_id, limit=_WINDOW)
        older, place = after_id + 1, found.reached or (found.lines[-1].pk if found.lines else after_id)
    else:
        line_id, last = None, logs.newest_id(deployment)
        place = before_id - 1 if before_id else last
        found = logs.find(deployment, asked, before_id=place + 1, limit=_WINDOW)
        older = found.reached
    live = line_id is None and before_id is None and after_id is None and asked.until is None
    return {
        "lines": rows(found.lines, look_of(deployment, asked, line_id)),
        "line_id": line_id,
        "live": live,
        "older": older,
        "newer": None if live else place,
        "place": place,
        "searched": _searched(found),
    }


def _here(deployment: Deployment, asked: Asked) -> str:
    query = query_of(asked)
    return f"{reverse('deployments:logs', args=[deployment.slug])}?{query}{'&' if query else ''}"


def _around(deployment: Deployment, asked: Asked, line_id: int | None) -> Found | None:
    """The line with what stands before and after it; None where there is no such line among those asked."""
    if line_id is None:
        return None
    before = logs.lines(deployment, asked, before_id=line_id + 1, limit=_BESIDE)
    if not before or before[-1].pk != line_id:
        return None
    return Found(before + logs.lines(deployment, asked, after_id=line_id, limit=_BESIDE))


def _searched(found: Found) -> str:
    """How far back a search came that ended before it had found a page."""
    at = found.reached_at
    return words.moment(at, now=timezone.now()) if at is not None else ""


def _of_phase(deployment: Deployment, run: Run | None, name: str) -> int | None:
    """The line with which that phase of the run began."""
    phase = run.phases.filter(name=name).first() if run is not None and name else None
    return logs.first_from(deployment, phase.run_id, phase.started_at) if phase is not None else None


def _cards(deployment: Deployment, status: StatusView, run_id: int | None) -> list[DiagnosisView]:
    """What the log doctor says of the run that is shown, else of the failure that keeps it out."""
    if run_id is not None:
        return findings.of_runs([run_id], deployment).get(run_id, [])
    told = status.failure.diagnosis if status.failure is not None else None
    return [told] if told is not None else []


def _runs(deployment: Deployment, shown: Run | None) -> list[dict[str, Any]]:
    """The newest runs, and the one that is shown."""
    now, found = (
        timezone.now(),
        list(deployment.runs.order_by("-id").only("deployment", "number", "first_seen_at")[:_RUNS]),
    )
    if shown is not None and shown not in found:
        found.append(shown)
    return [{"id": r.pk, "number": r.number, "said": words.moment(r.first_seen_at, now=now)} for r in found]


@require_safe
@needs(Scope.READ)
def log_tail(request: PageRequest, slug: str) -> HttpResponse:
    """Lines after `?after=` or before `?before=` as rows, else the newest. `X-Reached` is the id from which
    to go on, missing at the end; `X-Searched` says how far back a search came that has not ended."""
    deployment, asked = deployment_of(request, slug), asked_of(request)
    after_id, before_id = (whole(request.GET.get(name, "")) for name in ("after", "before"))
    if after_id is None and before_id is None:
        found = logs.newest(deployment, asked, _WINDOW)
    else:
        found = logs.find(deployment, asked, after_id=after_id, before_id=before_id, limit=_WINDOW)
    lines = rows(found.lines, look_of(deployment, asked))
    response = render(request, "deployments/_log_lines.html", {"lines": lines})
    if found.reached is not None:
        response["X-Reached"] = str(found.reached)
    if found.searching:
        response["X-Searched"] = _searched(found)
    return response


def look_of(deployment: Deployment, asked: Asked, marked: int | None = None) -> Look:
    """Each line leads to its surroundings; phases are told where no line is left out."""
    here = _here(deployment, replace(asked, contains="", levels=(), sources=()))
    whole_log = not (asked.contains or asked.levels or asked.sources)
    return Look(asked.contains, here, marked, phases=whole_log)


@require_safe
@needs(Scope.READ)
async def log_download(request: PageRequest, slug: str) -> HttpResponseBase:
    """Every matching line as text, oldest first, times in UTC; streamed, so that no log is too long."""
    deployment, asked = await released(deployment_of)(request, slug), asked_of(request)
    response = StreamingHttpResponse(_text(deployment, asked), content_type="text/plain; charset=utf-8")
    run = await released(run_of)(deployment, asked) if asked.run_id else None
    name = f"{deployment.slug}-run-{run.number}" if run is not None else deployment.slug
    response["Content-Disposition"] = f'attachment; filename="{name}.log"'
    return response


async def _text(deployment: Deployment, asked: Asked) -> AsyncIterator[str]:
    """Up to the line that is the last one now: a log that grows has an end all the same."""
    read, last, after = released(logs.part), await released(logs.newest_id)(deployment), 0
    while True:
        found = await read(deployment, asked, after, last)
        yield "".join(f"{_stamp(line.at)} {line.text}\n" for line in found.lines)
        if found.reached is None:
            return
        after = found.reached


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
