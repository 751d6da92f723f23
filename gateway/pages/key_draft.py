"""A key as somebody fills it in: kept as typed, so that a refused form comes back as it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from deployments.public import Actor, Scope
from gateway.key_errors import KeyRefused
from gateway.key_rules import checked, invalid
from gateway.models import WhenAsleep

ALL, SOME, NEVER, ON_A_DAY = "all", "some", "never", "day"
_DAYS = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
_BY_DEFAULT = (Scope.READ, Scope.CHAT, Scope.WAKE)
_WRONG_MINUTES = "Give whole minutes from 1 to 60, or leave it empty."
_WRONG_DAY = "Choose the last day on which the key works."


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form holds. `reach` is all or some, `expires` a length in `_DAYS`, never or day."""

    name: str
    scopes: tuple[str, ...]
    reach: str
    deployments: tuple[str, ...]
    expires: str
    last_day: str
    when_asleep: str
    hold_minutes: str

    def fields(self, now: datetime) -> dict[str, Any]:
        """The arguments of `create_key`. KeyRefused 422 names every field that is wrong, read or ruled."""
        wrong: dict[str, str] = {}
        fields = {
            "name": self.name,
            "scopes": self.scopes,
            "deployments": None if self.reach == ALL else self.deployments,
            "expires_at": _read(lambda: self._expiry(now), "expires_at", _WRONG_DAY, wrong),
            "when_asleep": self.when_asleep or None,
            "hold_limit_s": _read(self._hold_limit_s, "hold_limit_s", _WRONG_MINUTES, wrong),
        }
        if wrong:
            raise invalid(wrong | _ruled(fields, now))
        return fields

    def _expiry(self, now: datetime) -> datetime | None:
        """A day ends at midnight in the reader's zone."""
        if self.expires == NEVER:
            return None
        if self.expires != ON_A_DAY:
            return now + timedelta(days=_DAYS[self.expires])
        after = date.fromisoformat(self.last_day) + timedelta(days=1)
        return timezone.make_aware(datetime.combine(after, time.min))

    def _hold_limit_s(self) -> int | None:
        if self.when_asleep != WhenAsleep.HOLD or not self.hold_minutes.strip():
            return None
        minutes = int(self.hold_minutes)
        if not 1 <= minutes <= 60:
            raise ValueError(minutes)
        return minutes * 60


def _read(reading: Any, name: str, message: str, wrong: dict[str, str]) -> Any:
    try:
        return reading()
    except (ValueError, KeyError, OverflowError):
        wrong[name] = message
        return None


def _ruled(fields: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """What is wrong besides what could not be read."""
    try:
        checked(**fields, now=now)
    except KeyRefused as refusal:
        return {name: str(text) for name, text in refusal.fields.items()}
    return {}


def blank(actor: Actor) -> Draft:
    """What a new form offers: a key for a client, as far as the role goes, for 90 days."""
    scopes = tuple(scope.value for scope in _BY_DEFAULT if actor.may(scope))
    asleep = WhenAsleep.HOLD if Scope.WAKE in scopes else WhenAsleep.REFUSE
    return Draft("", scopes, ALL, (), "90d", "", asleep.value, "")


def sent(form: QueryDict) -> Draft:
    """What was sent. A key without `wake` refuses whatever was chosen: the choice is hidden with it."""
    scopes = tuple(form.getlist("scopes"))
    chosen = form.get("when_asleep", "") if Scope.WAKE in scopes else WhenAsleep.REFUSE.value
    return Draft(
        name=form.get("name", ""),
        scopes=scopes,
        reach=form.get("reach", ALL),
        deployments=tuple(form.getlist("deployments")),
        expires=form.get("expires", NEVER),
        last_day=form.get("last_day", ""),
        when_asleep=chosen,
        hold_minutes=form.get("hold_minutes", ""),
    )
