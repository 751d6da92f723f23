"""Releases: one beside another, a new one of the saved configuration, and the way back."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from deployments.engines.validation.secrets import masked
from deployments.models import Deployment, Release
from deployments.planning.power import Scope
from deployments.services import auto_rollback, releases
from deployments.services.errors import Refused
from deployments.services.release_figures import Figures, figures_of

from .access import PageRequest, needs
from .answers import acted, refused
from .head import head
from .lookup import deployment_of
from .release_words import in_flags, in_words
from .releasing import consequence, cut_off


@dataclass(frozen=True, slots=True)
class Column:
    """One release in the comparison."""

    release: Release
    figures: Figures


@require_safe
@needs(Scope.READ)
def release_page(request: PageRequest, slug: str, number: int) -> HttpResponse:
    """One release: who made it and why, what it changed, how it did beside another one.

    `against` names the other one; without it, the one before.
    """
    deployment = deployment_of(request, slug)
    release = _found(deployment, number)
    others = deployment.releases.exclude(pk=release.pk)
    against = _against(request, deployment) or others.filter(number__lt=number).order_by("-number").first()
    context = head(request, deployment, "settings") | {
        "release": release,
        "against": against,
        "others": list(others.order_by("-number").values_list("number", flat=True)[:50]),
        "columns": _columns([one for one in (against, release) if one is not None]),
        "is_next": release.pk == deployment.current_release_id,
        "is_live": release.pk == deployment.live_release_id,
        "may_go_back": request.actor.may(Scope.OPERATE, slug),
        "next_number": others.order_by("-number").values_list("number", flat=True).first(),
    }
    if context["may_go_back"] and not context["is_next"]:
        context |= cut_off(deployment)
    return render(request, "deployments/release.html", context | _changes(against, release))


def _against(request: PageRequest, deployment: Deployment) -> Release | None:
    text = request.GET.get("against", "")
    return _found(deployment, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _found(deployment: Deployment, number: int) -> Release:
    try:
        return releases.release_of(deployment, number)
    except Refused as error:
        raise Http404(error.message) from None


def _columns(found: list[Release]) -> list[Column]:
    figures = figures_of(found)
    return [Column(release, figures[release.pk]) for release in found]


def _changes(before: Release | None, after: Release) -> dict[str, Any]:
    if before is None:
        return {"differences": [], "flags": []}
    old, new = masked(before.spec), masked(after.spec)
    return {"differences": in_words(releases.difference(old, new)), "flags": in_flags(old, new)}


def unreleased(deployment: Deployment) -> dict[str, Any]:
    """What the saved configuration changes against the release that the next start uses."""
    current = deployment.current_release
    if current is None:
        return {"unreleased": [], "unreleased_flags": [], "never_released": True}
    before, after = masked(current.spec), masked(deployment.config)
    return {
        "unreleased": in_words(releases.difference(before, after)),
        "unreleased_flags": in_flags(before, after),
    }


@require_POST
@needs(Scope.OPERATE)
def go_back(request: PageRequest, slug: str, number: int) -> HttpResponse:
    """A new release with the configuration of an earlier one. Lights nothing."""
    deployment = deployment_of(request, slug)
    to = reverse("deployments:settings", args=[slug])
    try:
        made = releases.rollback(deployment, number, actor=request.actor)
    except Refused as error:
        return refused(request, error, reverse("deployments:release", args=[slug, number]))
    said = f"Release {made.number} has the configuration of release {number}. {consequence(deployment)}"
    return acted(request, said, to)


@require_POST
@needs(Scope.ADMIN)
def switch_auto_rollback(request: PageRequest, slug: str) -> HttpResponse:
    """Let the panel go back by itself where a release does not become ready, or no longer."""
    deployment, on = deployment_of(request, slug), request.POST.get("on") == "yes"
    auto_rollback.set_on(deployment, on, actor=request.actor)
    words = "goes back by itself" if on else "no longer goes back by itself"
    to = reverse("deployments:settings", args=[slug])
    return acted(request, f"{deployment.name} {words} when a release fails.", to)
