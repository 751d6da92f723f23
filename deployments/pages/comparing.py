"""`/costs/compare/`: by the second, always on, or dedicated, recomputed for what a form asks."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.ledger.comparisons import DEDICATED_SOURCE, Habit
from deployments.ledger.formats import FORMATS_SOURCE
from deployments.ledger.prices import PriceMissing
from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import prices, spend
from deployments.services.compare import Basis, basis, compared, gpu_types

from .access import PageRequest, needs
from .compare_chart import WIDTH, lines

# Rows of the table: every hour would be too long to read.
_TOLD = frozenset({0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24})


class HabitForm(forms.Form):
    """What is compared. Whatever is wrong or left out is taken from what the form began with."""

    gpu = forms.ChoiceField(label="GPU", required=False)
    gpus = forms.IntegerField(label="GPUs", min_value=1, max_value=64, required=False)
    hours = forms.DecimalField(label="Hours of use a day", min_value=0, max_value=24, required=False)
    days = forms.DecimalField(label="Days a week", min_value=0, max_value=7, required=False)
    sessions = forms.DecimalField(label="Sessions a day", min_value=0, max_value=96, required=False)
    idle = forms.DecimalField(label="Idle window, minutes", min_value=0, max_value=1440, required=False)

    def asked(self, name: str) -> Any:
        """The value to compute with."""
        self.is_valid()
        found = self.cleaned_data.get(name)
        return self.initial[name] if found in (None, "") else found

    def rows(self) -> list[tuple[Any, Any]]:
        """Each number's field with the value it is computed with, for the page."""
        return [(self[name], Decimal(self.asked(name))) for name in self.fields if name != "gpu"]

    def habit(self, boot_s: float) -> Habit:
        """The habit that is asked for."""
        return Habit(
            use_hours=Decimal(self.asked("hours")),
            days=Decimal(self.asked("days")),
            sessions=Decimal(self.asked("sessions")),
            boot_s=Decimal(str(round(boot_s, 1))),
            idle_s=Decimal(self.asked("idle")) * 60,
        )


@require_safe
@needs(Scope.READ)
def compare(request: PageRequest) -> HttpResponse:
    """The page; `deployment` names whose settings, prices and boot time it begins with."""
    now = timezone.now()
    rows = _open(request)
    chosen = next((row for row in rows if row.slug == request.GET.get("deployment", "")), None)
    found = basis(chosen, now)
    form = _form(request, found, gpu_types(found.account, now))
    habit = form.habit(found.boot_s)
    context = {
        "nav": "costs",
        "form": form,
        "basis": found,
        "habit": habit,
        "deployments": rows,
        "gpus": form.asked("gpus"),
        "width": WIDTH,
        "dedicated_source": DEDICATED_SOURCE,
        "formats_source": FORMATS_SOURCE,
    }
    try:
        result = compared(found, form.asked("gpu"), form.asked("gpus"), habit, now)
    except PriceMissing as error:
        return render(request, "costs/compare.html", context | {"missing": str(error)})
    held = {row.resource: row for row in result.prices}
    context |= {
        "found": result,
        "chart": lines(result, habit.use_hours),
        "told": [point for point in result.points if point.use_hours in _TOLD],
        "price_note": prices.state(held, held, now).note,
    }
    return render(request, "costs/compare.html", context)


def _open(request: PageRequest) -> list[Deployment]:
    ids = spend.open_to(request.actor)
    rows = Deployment.objects.filter(archived_at__isnull=True).order_by("name")
    return list(rows if ids is None else rows.filter(pk__in=ids))


def _form(request: PageRequest, found: Basis, types: list[str]) -> HabitForm:
    """Begins with a working day: eight hours in two sessions, five days a week."""
    spec = found.spec
    own = spec.gpu_type if spec.gpu_type in types else (types or [spec.gpu_type])[0]
    initial = {
        "gpu": own, "gpus": spec.gpu_count or 1, "hours": 8, "days": 5, "sessions": 2,
        "idle": round(Decimal(str(found.idle_s)) / 60, 2),
    }  # fmt: skip
    form = HabitForm(request.GET, initial=initial)
    gpu: Any = form.fields["gpu"]
    gpu.choices = [(name, name) for name in types or [own]]
    return form
