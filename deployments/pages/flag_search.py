"""`/settings/flags/`: completion of a flag's name from the catalogue of a version."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.services.preflight import catalogue_for

from .access import PageRequest, needs
from .config_form.shown import shown_field, shown_flag

_LONGEST = 80


@require_safe
@needs(Scope.ADMIN)
def flag_search(request: PageRequest) -> HttpResponse:
    """Up to a dozen flags, or keys behind a dot, that the text may mean, with type, choices and default."""
    typed = next((text for text in request.GET.getlist("extra_flags.name") if text), "")[:_LONGEST]
    catalogue = catalogue_for(request.GET.get("engine_version", "")[:_LONGEST])
    if "." in typed:
        shown = [shown_field(*row) for row in catalogue.search_inside(typed)]
    else:
        shown = [shown_flag(flag) for flag in (catalogue.search(typed) if typed.strip("- ") else ())]
    context = {
        "flags": shown,
        "version": catalogue.version,
        # Behind a dot nothing is said where nothing is found: the catalogue may not know.
        "typed": typed if "." not in typed else "",
        "list_id": request.GET.get("list", "")[:_LONGEST],
    }
    return render(request, "deployments/form/_flags.html", context)
