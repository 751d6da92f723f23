"""What people fill in: until when, and why."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

IDLE, UNTIL, HOURS = "idle", "until", "hours"
_INPUT = "%Y-%m-%dT%H:%M"


class EndForm(forms.Form):
    """Until idle, until a time in the reader's own zone, or for a number of hours from now."""

    keep = forms.ChoiceField(choices=[(IDLE, IDLE), (UNTIL, UNTIL), (HOURS, HOURS)], required=False)
    until = forms.DateTimeField(required=False, input_formats=[_INPUT, "%Y-%m-%dT%H:%M:%S"])
    hours = forms.DecimalField(
        required=False, min_value=Decimal("0.25"), max_value=Decimal(72), decimal_places=2
    )
    reason = forms.CharField(required=False, max_length=200)
    accept_download = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """The chosen way has to have its value."""
        data: dict[str, Any] = super().clean() or {}
        chosen = data.get("keep") or IDLE
        if chosen == UNTIL and not data.get("until") and "until" not in self.errors:
            self.add_error("until", "Give the day and time until which it stays lit.")
        if chosen == HOURS and not data.get("hours") and "hours" not in self.errors:
            self.add_error("hours", "Give the number of hours, from 0.25 to 72.")
        if chosen != UNTIL:
            self.errors.pop("until", None)
        if chosen != HOURS:
            self.errors.pop("hours", None)
        return data

    def chosen(self) -> str:
        """idle, until or hours."""
        return str(self.data.get("keep") or self.initial.get("keep") or IDLE)

    def end(self, now: datetime) -> datetime | None:
        """The chosen end, aware; None for until idle. The form has to be valid."""
        if self.chosen() == UNTIL:
            end: datetime = self.cleaned_data["until"]
            return end
        if self.chosen() == HOURS:
            return now + timedelta(hours=float(self.cleaned_data["hours"]))
        return None

    @property
    def until_value(self) -> str:
        """For the date field: what was sent, else the next full hour that is at least an hour away."""
        return str(self.data.get("until") or self.default_until(timezone.now()).strftime(_INPUT))

    @property
    def hours_value(self) -> str:
        """For the number field."""
        return str(self.data.get("hours") or "2")

    @property
    def reason_value(self) -> str:
        """For the text field."""
        return str(self.data.get("reason") or "")

    @property
    def accept_download_value(self) -> bool:
        """For the checkbox."""
        return bool(self.data.get("accept_download"))

    @staticmethod
    def default_until(now: datetime) -> datetime:
        """In the reader's zone."""
        local = timezone.localtime(now) + timedelta(hours=2)
        return local.replace(minute=0, second=0, microsecond=0)
