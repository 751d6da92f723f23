"""Runs for a spreadsheet: the same rows as the page, by the same filter."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.services import run_lists
from deployments.services.views import RunView

from . import run_filter
from .access import PageRequest, needs
from .cost_csv import Echo, safe
from .lookup import deployment_of

_TIMES = ("first_seen_at", "started_at", "ready_at", "ended_at")
_SECONDS = ("queued_s", "boot_s", "lit_s")
_DOLLARS = ("cost_usd", "boot_usd", "use_usd", "idle_usd", "kept_usd", "gpu_usd", "cpu_usd", "memory_usd")
_HEAD = (
    "deployment", "run", "release", "cause", "lit_for", "reason", *_TIMES, "end_reason", "failed", *_SECONDS,
    *_DOLLARS, "evidence",
)  # fmt: skip


@require_safe
@needs(Scope.READ)
def runs_csv(request: PageRequest, slug: str = "") -> StreamingHttpResponse:
    """Of one deployment, or of all. Dollars of what is lit are those of this moment."""
    if slug:
        deployment_of(request, slug)
    asked = run_filter.read(request, slug)
    found = run_lists.every(request.actor, asked.only)
    name = f"runs-{slug + '-' if slug else ''}{timezone.localdate()}.csv"
    return download(table(_HEAD, map(_row, found)), name)


def download(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    """An answer that a browser saves under `name`."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The lines of a table."""
    writer = csv.writer(Echo())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow(row)


def _row(run: RunView) -> list[Any]:
    times = [getattr(run, name) for name in _TIMES]
    seconds = [getattr(run, name) for name in _SECONDS]
    return [
        run.slug, run.number, run.release or "", run.cause, safe(run.lit_for), safe(run.reason),
        *("" if at is None else at.isoformat() for at in times), run.end_reason, str(run.failed).lower(),
        *("" if one is None else f"{one:.1f}" for one in seconds),
        *(f"{getattr(run, name):f}" for name in _DOLLARS), safe(run.end_text),
    ]  # fmt: skip
