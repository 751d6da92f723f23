"""`/deployments/{slug}/settings/`: the configuration, the command, what is deployed, price and releases."""

import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.engines.registry import engine_for
from deployments.engines.validation.secrets import masked
from deployments.models import Deployment, Release
from deployments.planning.memory.observed import off_percent
from deployments.planning.memory.of_spec import fit_of
from deployments.planning.power import Scope
from deployments.planning.spec import Spec, SpecError
from deployments.services import auto_rollback, costs, releases
from deployments.services.measured import Known, known_of, own_calibration
from deployments.services.preflight import Preflight, preflight

from .access import PageRequest, needs
from .definition import definition_of
from .head import head
from .looking import outside_of
from .lookup import deployment_of
from .memory_bar import parts_of
from .releases import unreleased
from .spec_facts import groups

_RELEASES = 30
_SHOWN_CHANGES = 4


@dataclass(frozen=True, slots=True)
class Price:
    """One resource of the deployment and what it costs an hour."""

    label: str
    usd: Any


@require_safe
@needs(Scope.READ)
def settings(request: PageRequest, slug: str) -> HttpResponse:
    """The page."""
    deployment = deployment_of(request, slug)
    context = head(request, deployment, "settings")
    known = known_of(deployment)
    context |= _configuration(deployment, context["status"].price_usd_per_hour, known)
    context |= {
        "judged": _judged(deployment, known),
        "releases": _releases(deployment),
        "may_release": request.actor.may(Scope.OPERATE, slug),
        "went_back": auto_rollback.shown(deployment),
        **outside_of(deployment, request.actor),
    }
    return render(request, "deployments/settings.html", context | unreleased(deployment))


def _judged(deployment: Deployment, known: Known) -> Preflight | None:
    """What is wrong or unwise in the saved configuration; None where it cannot even be read."""
    try:
        return preflight(deployment, Spec.from_json(deployment.config), known)
    except SpecError:
        return None


def _configuration(deployment: Deployment, usd_per_hour: Decimal, known: Known) -> dict[str, Any]:
    """What the next start would run; the error where the configuration cannot be read."""
    release = deployment.current_release
    try:
        spec = Spec.from_json(masked(release.spec if release else deployment.config))
        command = engine_for(spec.engine).command(spec).argv
    except SpecError as error:
        return {"error": str(error), "groups": [], "command": "", "prices": [], "definition": None}
    in_life = deployment.account.speed == 1  # a sandbox's window passes faster than it is written here
    idle_usd = usd_per_hour * spec.idle_window_s / 3600 if in_life else None
    return {
        "groups": groups(spec, weights_present=deployment.weights_present, idle_usd=idle_usd),
        "command": wrapped(command),
        "prices": _prices(deployment, spec),
        "definition": definition_of(deployment, spec),
    } | _memory(spec, release, known)


def _memory(spec: Spec, release: Release | None, known: Known) -> dict[str, Any]:
    """What the engine of this release printed; else the estimate, with what earlier runs taught."""
    sizes, seen = known.sizes, known.seen
    now = next((one for one in seen if release is not None and one.release == release.number), None)
    before = [one for one in seen if now is None or one.release < now.release]
    found = fit_of(
        spec,
        now.measured if now is not None else None,
        shape=sizes.shape(spec.model),
        own=own_calibration(spec, sizes, before),
    )
    if found.fit is None:
        return {"memory": found, "observed": seen[::-1]}
    error = f"{found.fit.error:.0%}".replace("%", " %")
    return {
        "observed": seen[::-1],
        "memory": found,
        "memory_parts": parts_of(found.fit),
        "memory_error": error,
        "memory_off": found.counted and off_percent(found.counted.cache_gib, found.fit.cache_gib),
    }


def wrapped(argv: tuple[str, ...]) -> str:
    """The command with one option to a line, ready for a shell."""
    lines: list[str] = []
    for word in argv:
        if word.startswith("--") or not lines:
            lines.append(shlex.quote(word))
        else:
            lines[-1] += f" {shlex.quote(word)}"
    return " \\\n  ".join(lines)


def _prices(deployment: Deployment, spec: Spec) -> list[Price]:
    book, now = costs.book(deployment.account), timezone.now()
    found = []
    held = costs.resources(spec, deployment.account)
    for resource, amount in held.amounts().items():
        try:
            usd_per_hour = book.at(resource, now) * amount * held.price_factor * 3600
            found.append(Price(_resource_words(resource, amount), usd_per_hour))
        except LookupError:
            continue
    return found


def _resource_words(resource: str, amount: Any) -> str:
    number = f"{amount.normalize():f}"
    if resource.startswith("gpu:"):
        return f"{number} × {resource.removeprefix('gpu:')}"
    return f"{number} CPU cores, assumed" if resource == "cpu" else f"{number} GiB memory, assumed"


def _releases(deployment: Deployment) -> list[dict[str, Any]]:
    """The newest releases, each with the settings that it changed. One query."""
    rows = list(deployment.releases.order_by("-number")[: _RELEASES + 1])
    before = [*rows, None][1:]
    return [
        {
            "number": row.number,
            "created_at": row.created_at,
            "author_name": row.author_name,
            "note": row.note,
            "live": row.pk == deployment.live_release_id,
            "changed": _changed(row.spec, older.spec if older else None),
        }
        for row, older in zip(rows, before, strict=True)
    ][:_RELEASES]


def _changed(spec: dict[str, Any], before: dict[str, Any] | None) -> str:
    if before is None:
        return "everything"
    names = [change.field for change in releases.difference(before, spec)]
    more = f" and {len(names) - _SHOWN_CHANGES} more" if len(names) > _SHOWN_CHANGES else ""
    return ", ".join(names[:_SHOWN_CHANGES]) + more or "nothing"
