"""The ways to say for how long, each with its price."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from deployments.models import Deployment
from deployments.planning.power import Actor, Scope
from deployments.providers.base import scaled
from deployments.services import quote
from deployments.services.errors import Refused
from deployments.services.facts import spec_of
from deployments.services.views import Quote

from . import words
from .forms import HOURS, IDLE, UNTIL, EndForm


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio button. `usd` is what it costs from now on, None where its end is missing or wrong;
    `quote` has the parts, for a start."""

    key: str
    label: str
    hint: str
    usd: Decimal | None
    quote: Quote | None
    chosen: bool


def starts(deployment: Deployment, form: EndForm, *, actor: Actor, now: datetime) -> list[Choice]:
    """For a start: until idle for everybody; a time or hours for operators."""
    keys = [IDLE, UNTIL, HOURS] if actor.may(Scope.OPERATE, deployment.slug) else [IDLE]
    found = []
    for key in keys:
        end = _end(form, key, now)
        price = _quote(deployment, key, end, now)
        found.append(_choice(deployment, form, key, end, now, price.total_usd if price else None, price))
    return found


def extensions(
    deployment: Deployment, form: EndForm, *, usd_per_hour: Decimal, now: datetime
) -> list[Choice]:
    """For a lease: the same ends, priced as the hours from now to them."""
    found = []
    for key in (IDLE, UNTIL, HOURS):
        end = _end(form, key, now)
        usd = usd_per_hour * Decimal((end - now).total_seconds()) / 3600 if end and end > now else None
        found.append(_choice(deployment, form, key, end, now, usd, None))
    return found


def _choice(
    deployment: Deployment, form: EndForm, key: str, end: datetime | None, now: datetime,
    usd: Decimal | None, price: Quote | None,
) -> Choice:  # fmt: skip
    return Choice(
        key=key,
        label={IDLE: "Until idle", UNTIL: "Until", HOURS: "For"}[key],
        hint=_hint(key, end, deployment, now),
        usd=usd,
        quote=price,
        chosen=form.chosen() == key,
    )


def _end(form: EndForm, key: str, now: datetime) -> datetime | None:
    """The end that `key` would give with what is filled in; None for idle and for what cannot be read."""
    other = EndForm({"keep": key, "until": form.until_value, "hours": form.hours_value})
    return other.end(now) if key != IDLE and other.is_valid() else None


def _quote(deployment: Deployment, key: str, end: datetime | None, now: datetime) -> Quote | None:
    if key != IDLE and (end is None or end <= now):
        return None
    try:
        return quote.quote(deployment, until=end, now=now)
    except (Refused, LookupError):  # no price is known: the dialog says so and Start stays shut
        return None


def _hint(key: str, end: datetime | None, deployment: Deployment, now: datetime) -> str:
    if key == IDLE:
        return f"Goes out {idle_words(deployment)} after the last use."
    if key == UNTIL:
        zone = timezone.get_current_timezone_name()
        return f"Stays lit until then, used or not. Time zone: {zone}."
    if end is None:
        return "Stays lit for that long, used or not."
    return f"Stays lit until {words.until(end, now=now)}, used or not."


def idle_words(deployment: Deployment) -> str:
    """The idle window as it passes at this account, in words."""
    window = scaled(spec_of(deployment).idle_window_s, deployment.account.speed)
    return words.duration(window.total_seconds())
