"""What people fill in for a schedule."""

from datetime import date, time
from typing import Any

from django import forms
from django.utils import timezone

from deployments.services.errors import Refused
from deployments.services.schedule_requests import Plan

DAYS = (("0", "Mon"), ("1", "Tue"), ("2", "Wed"), ("3", "Thu"), ("4", "Fri"), ("5", "Sat"), ("6", "Sun"))


class ScheduleForm(forms.Form):
    """Days, local times and what does not hold."""

    name = forms.CharField(
        max_length=80, error_messages={"required": "Give it a name, such as Working hours."}
    )
    days = forms.MultipleChoiceField(
        choices=DAYS, error_messages={"required": "Choose at least one day of the week."}
    )
    starts = forms.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"], error_messages={"invalid": "Give a time such as 09:00."}
    )
    ends = forms.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"], error_messages={"invalid": "Give a time such as 18:00."}
    )
    time_zone = forms.CharField(max_length=64)
    valid_from = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    valid_until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    skips = forms.CharField(required=False, max_length=3000)
    lead = forms.BooleanField(required=False)
    seen = forms.DecimalField(required=False, max_digits=12, decimal_places=2)

    def clean_skips(self) -> tuple[date, ...]:
        """Days in ISO, apart by commas or spaces."""
        words = self.cleaned_data["skips"].replace(",", " ").split()
        try:
            return tuple(date.fromisoformat(word) for word in words)
        except ValueError:
            raise forms.ValidationError("Give days such as 2026-12-24, 2026-12-25.") from None

    def plan(self) -> Plan:
        """What was filled in. The form has to be valid."""
        data = self.cleaned_data
        return Plan(
            data["name"], frozenset(int(day) for day in data["days"]), data["starts"], data["ends"],
            data["time_zone"], data["valid_from"], data["valid_until"], data["skips"], data["lead"],
        )  # fmt: skip

    def blame(self, refusal: Refused) -> str:
        """Put the refusal at its field; what belongs to none is given back."""
        for name, words in refusal.fields.items():
            if name in self.fields and name != "seen":
                self.add_error(name, str(words))
                return ""
        return refusal.message


def blank() -> dict[str, Any]:
    """Working hours of the reader's own zone."""
    return {
        "name": "Working hours", "days": ["0", "1", "2", "3", "4"], "starts": "09:00", "ends": "18:00",
        "time_zone": timezone.get_current_timezone_name(), "lead": "on", "skips": "",
    }  # fmt: skip


def filled(plan: Plan) -> dict[str, Any]:
    """The form of a plan that stands."""
    return {
        "name": plan.name, "days": [str(day) for day in sorted(plan.days)], "starts": _clock(plan.starts),
        "ends": _clock(plan.ends), "time_zone": plan.time_zone, "lead": "on" if plan.lead else "",
        "valid_from": plan.valid_from.isoformat() if plan.valid_from else "",
        "valid_until": plan.valid_until.isoformat() if plan.valid_until else "",
        "skips": ", ".join(day.isoformat() for day in sorted(plan.skips)),
    }  # fmt: skip


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
