"""`/settings/flags/`: completion of a flag's name from the catalogue of a version."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.services.preflight import catalogue_for

from .access import PageRequest, needs
from .config_form.shown import shown_flag

_LONGEST = 80


@require_safe
@needs(Scope.ADMIN)
def flag_search(request: PageRequest) -> HttpResponse:
    """Up to a dozen flags that the typed text may mean, with type, choices and default."""
    typed = next((text for text in request.GET.getlist("extra_flags.name") if text), "")[:_LONGEST]
    catalogue = catalogue_for(request.GET.get("engine_version", "")[:_LONGEST])
    found = catalogue.search(typed) if typed.strip("- ") else ()
    context = {
        "flags": [shown_flag(flag) for flag in found],
        "version": catalogue.version,
        "typed": typed,
        "list_id": request.GET.get("list", "")[:_LONGEST],
    }
    return render(request, "deployments/form/_flags.html", context)
