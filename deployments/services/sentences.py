"""The state sentence: who, then what, then how long, then how much."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from deployments.planning.lifecycle import State

from .views import Sentence

PHASE_WORDS = {
    "queued": "waiting for a machine",
    "container": "starting the container",
    "download": "downloading weights",
    "weights": "loading weights",
    "compile": "compiling",
    "warmup": "warming up",
    "server": "starting the server",
    "ready": "ready",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made from. Money in USD, durations in wall seconds."""

    state: State
    name: str
    sandbox: bool
    price_per_hour: Decimal
    so_far: Decimal = Decimal(0)
    who: str = ""
    waiting: int = 0
    until: datetime | None = None
    release: int | None = None
    phase: str = ""
    progress: float | None = None
    eta_s: float | None = None
    late: str = ""
    idle_s: float | None = None
    out_in_s: float | None = None
    boot_s: float = 0.0
    boot_usd: Decimal = Decimal(0)
    burned: Decimal = Decimal(0)
    title: str = ""
    text: str = ""
    since: datetime | None = None
    words: str = ""
    stop_by: str = ""
    relit: bool = False
    why_not: str = ""
    next_from: datetime | None = None
    next_name: str = ""
    unclaimed: bool = False


_STALE = "Its prices were not checked for half a year: an admin can confirm them under Costs, Prices."


def sentence(told: Told) -> Sentence:
    """The sentence of a state."""
    made = _MAKERS[told.state](told)
    if not told.sandbox:
        return made
    hint = f"{made.hint} Sandbox: nobody is billed." if made.hint else "Sandbox: nobody is billed."
    return Sentence(made.lead, made.rest, hint)


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `4 min 34 s`, `15 min`, `1 h 13 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def clock(at: datetime) -> str:
    """A time of day in the zone that `at` carries; UTC is named, one's own zone is not."""
    return f"{at:%H:%M} UTC" if at.utcoffset() == timedelta(0) else f"{at:%H:%M}"


def money(usd: Decimal) -> str:
    """Dollars to the cent."""
    return f"${usd:,.2f}"


def about(usd: Decimal) -> str:
    """An estimate: to ten cents from a dollar on, to the dollar from a hundred on."""
    if usd >= 100:
        return f"about ${usd:,.0f}"
    return f"about {money(usd.quantize(Decimal('0.1') if usd >= 1 else Decimal('0.01')))}"


def rate(usd_per_hour: Decimal) -> str:
    """A price of an hour, cut to the cent as the case study publishes it: 36.3168 is $36.31."""
    return money(usd_per_hour.quantize(Decimal("0.01"), rounding=ROUND_DOWN))


def _off(told: Told) -> Sentence:
    hint = (
        "It was lit again by requests that the provider brought back, so it was turned off."
        if told.relit
        else ""
    )
    return Sentence("Off.", "Not deployed, cannot wake. Costs nothing.", hint or _next(told))


def _deploying(told: Told) -> Sentence:
    number = f" release {told.release}" if told.release else ""
    whom = _for_whom(told)
    return Sentence(f"Deploying{number}.", "Not billed.", f"For {whom}." if whom else "")


def _for_whom(told: Told) -> str:
    """Who holds it, and the requests that wait for it."""
    if not told.waiting:
        return told.who
    waiting = f"{told.waiting} waiting request{'' if told.waiting == 1 else 's'}"
    return f"{told.who} and {waiting}" if told.who else waiting


def _asleep(told: Told) -> Sentence:
    rest = f"Costs nothing. Wakes in about {duration(told.boot_s)} for {about(told.boot_usd)}."
    return Sentence("Asleep.", rest, _next(told))


def _next(told: Told) -> str:
    """What lights it by itself, such as: Next: lit from Mon 09:00 (Working hours, Anna)."""
    at = told.next_from
    return (
        f"Next: lit from {at:%a} {at.day} {at:%b}, {clock(at)} ({told.next_name})." if at is not None else ""
    )


def _waking(told: Told) -> Sentence:
    whom = _for_whom(told)
    lead = f"Waking for {whom}." if whom else "Waking."
    if told.why_not == "prices_stale" and not told.phase:
        return Sentence(lead, "Held back: nothing is lit by prices this old.", _STALE)
    words = PHASE_WORDS.get(told.phase, "")
    parts = [words.capitalize() if words else "Asking for a machine"]
    if told.progress is not None:
        parts.append(f"{round(told.progress * 100)} %")
    if told.eta_s is not None and told.eta_s > 0:
        parts.append(f"ready in about {duration(told.eta_s)}")
    if told.late or (told.eta_s is not None and told.eta_s <= 0):
        parts.append(told.late or "later than usual")
    hint = "No request waits for it any more. Sleep stops the cost." if told.unclaimed else ""
    return Sentence(lead, f"{', '.join(parts)}. {money(told.so_far)} so far.", hint)


def _ready(told: Told) -> Sentence:
    rest = f"Lit for {told.who}" if told.who else "Lit"
    if told.until is not None:
        rest += f" until {clock(told.until)}"
    rest += f" at {rate(told.price_per_hour)}/h. {money(told.so_far)} so far."
    return Sentence("Ready.", rest, _idle_hint(told))


def _idle_hint(told: Told) -> str:
    if told.until is not None and told.why_not == "prices_stale":
        return f"Nothing keeps it warm. {_STALE}"
    if told.until is not None:
        return "Kept warm until then, used or not."
    if told.idle_s is None or told.out_in_s is None:
        return "In use. The idle window begins after the last request."
    out = duration(told.out_in_s) if told.out_in_s > 0 else "a moment"
    if told.unclaimed:
        return f"No request came for it. Goes out within {out} unless used; Sleep stops the cost now."
    return f"Idle {duration(told.idle_s)}; goes out within {out} unless used."


def _degraded(told: Told) -> Sentence:
    return Sentence("Lit, but requests fail.", f"{rate(told.price_per_hour)}/h. {told.text}".strip())


def _stopping(told: Told) -> Sentence:
    by = f"Put out by {told.stop_by}." if told.stop_by else ""
    return Sentence("Going out.", f"Still billing; {money(told.so_far)} so far.", by)


def _failed(told: Told) -> Sentence:
    burned = f"{money(told.burned)} burned." if told.burned else "Nothing was billed."
    return Sentence(
        "Failed.", f"{told.title}. {burned}", "It is turned off and stays off until somebody starts it."
    )


def _unknown(told: Told) -> Sentence:
    since = f" since {clock(told.since)}" if told.since else ""
    rest = "It may still be billing." if told.so_far else "Nothing was lit when it was last seen."
    return Sentence(f"Unknown{since}.", rest, f"The provider said: {told.words}" if told.words else "")


_MAKERS = {
    State.OFF: _off,
    State.DEPLOYING: _deploying,
    State.ASLEEP: _asleep,
    State.WAKING: _waking,
    State.READY: _ready,
    State.DEGRADED: _degraded,
    State.STOPPING: _stopping,
    State.FAILED: _failed,
    State.UNKNOWN: _unknown,
}
