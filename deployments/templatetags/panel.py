"""Tags and filters of the panel's pages."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from deployments.pages import dollars, words
from deployments.pages.live import stamped
from deployments.planning.lifecycle import State
from deployments.services import runs, sentences, time_left
from deployments.services.views import EtaView, RunView, StatusView

register = template.Library()

_PILOT_LEVEL = 14
_BROKEN = (State.OFF, State.FAILED, State.UNKNOWN)
_FIGURE = re.compile(
    r"\$[\d,]+(?:\.\d+)?(?:/h)?|\b\d+½? (?:%|min|h|s|d)(?: \d+ (?:min|s|h))?(?!\w)|½ min|(\d\d):(\d\d) UTC"
)
_UTC = re.compile(r"(\d\d):(\d\d) UTC")


@register.filter
def money(usd: Decimal | None) -> str:
    """A counted amount; a dash where it is not known."""
    return "–" if usd is None else words.money(usd)


@register.filter
def signed_money(usd: Decimal) -> str:
    """A difference with its sign; nothing is $0.00, and less than a cent has no sign."""
    if abs(usd) < Decimal("0.005"):
        return words.money(abs(usd))
    sign = "+" if usd > 0 else "−" if usd < 0 else ""
    return sign + words.money(abs(usd))


@register.filter
def hourly(usd: Decimal | None) -> str:
    """The price of an hour, cut to the cent; a dash where it is not known."""
    return "–" if usd is None else sentences.rate(usd)


@register.filter
def about_money(usd: Decimal | None) -> str:
    """An estimated amount; a dash where it is not known."""
    return "–" if usd is None else words.about_money(usd)


@register.filter
def scale(usd: Decimal) -> str:
    """A figure at the axis of a chart: cents where it is small."""
    return f"${usd:,.0f}" if usd == usd.to_integral_value() else f"${usd:,.2f}"


@register.filter
def positive(usd: Decimal) -> Decimal:
    """Without its sign; the words beside it say which it is."""
    return abs(usd)


@register.filter
def whole(number: int) -> str:
    """A count with its thousands apart."""
    return f"{number:,}"


@register.filter
def percent(share: float) -> str:
    """A share of the whole: 39 %."""
    return f"{share:.0%}".replace("%", " %")


@register.filter
def signed_percent(number: float) -> str:
    """A difference in per cent with its sign: +1.3 %, −0.2 %, 0.0 %."""
    sign = "" if abs(number) < 0.05 else "+" if number > 0 else "−"
    return f"{sign}{abs(number):.1f} %"


@register.filter
def plain(number: Decimal) -> str:
    """A figure as it is, without idle zeros: 0.001261."""
    return f"{number.normalize():f}"


@register.filter
def resource(name: str) -> str:
    """What is priced, in words: GPU H200, CPU core, GiB of memory."""
    if name.startswith("gpu:"):
        return f"GPU {name.removeprefix('gpu:')}"
    return {"cpu": "CPU core", "memory": "GiB of memory"}.get(name, name)


@register.filter
def as_json(value: Mapping[str, Any]) -> str:
    """An object for an address."""
    return json.dumps(dict(value), ensure_ascii=False)


@register.filter
def duration(seconds: float | None) -> str:
    """A measured time; a dash where it is not known."""
    return "–" if seconds is None else words.duration(seconds)


@register.filter
def about_duration(seconds: float | None) -> str:
    """An estimated time; a dash where it is not known."""
    return "–" if seconds is None else f"about {words.about_duration(seconds)}"


@register.filter
def signed_duration(seconds: float | None) -> str:
    """A difference of times with its sign; a dash where it is not known."""
    if seconds is None:
        return "–"
    sign = "" if abs(seconds) < 0.05 else "+" if seconds > 0 else "−"
    return sign + words.duration(abs(seconds))


_LEASE_WAYS = {
    "page": "from a page",
    "api": "over REST",
    "gateway": "by a request",
    "command": "by a command",
    "system": "by the panel itself",
    "schedule": "by a schedule",
}


@register.filter
def lease_way(via: str) -> str:
    """How somebody came to hold it lit, for the end of a sentence."""
    return _LEASE_WAYS.get(via, f"by {via}")


@register.filter
def phase_label(name: str) -> str:
    """What people call a step of a start."""
    return runs.phase_label(name)


@register.filter
def stopwatch(seconds: float | None) -> str:
    """Minutes and seconds for a column; a dash where it is not known."""
    return "–" if seconds is None else words.stopwatch(seconds)


@register.filter
def margin(left: EtaView) -> str:
    """How good such estimates were: was within ±40 s in 8 of 10 past starts."""
    return time_left.margin_words(left)


@register.filter
def figures(text: str) -> SafeString:
    """A sentence with its amounts and times in bold; a time of day in UTC becomes the reader's."""
    return mark_safe(_FIGURE.sub(_bold, conditional_escape(text)))  # noqa: S308  # escaped just here


def _bold(found: re.Match[str]) -> str:
    return f"<b>{_local(found[1], found[2]) if found[1] else found[0]}</b>"


def _local(hour: str, minute: str) -> str:
    """The sentences of the services say UTC, since they have no reader; a page has one."""
    at = timezone.now().astimezone(UTC).replace(hour=int(hour), minute=int(minute), second=0)
    return format_html('<time title="{}:{} UTC">{}</time>', hour, minute, f"{timezone.localtime(at):%H:%M}")


@register.filter
def local_times(text: str) -> SafeString:
    """A sentence whose times of day in UTC became the reader's."""
    found = _UTC.sub(lambda time: _local(time[1], time[2]), conditional_escape(text))
    return mark_safe(found)  # noqa: S308  # escaped just here


@register.filter
def moment(at: datetime | None) -> str:
    """A day and time in the reader's zone, UTC in its title."""
    return "–" if at is None else _time(at, words.moment(at, now=timezone.now()))


@register.filter
def moment_s(at: datetime) -> str:
    """The same to the second, for what happened within a minute."""
    return _time(at, f"{words.moment(at, now=timezone.now())}:{at:%S}")


@register.filter
def moment_or_never(at: datetime | None) -> str:
    """The same for what may never have happened."""
    return "never" if at is None else moment(at)


@register.filter
def figure(number: int) -> str:
    """A count with its thousands apart; a dash for none."""
    return f"{number:,}" if number else "–"


@register.filter
def clock(at: datetime | None) -> str:
    """A time of day in the reader's zone, UTC in its title."""
    return "–" if at is None else _time(at, f"{timezone.localtime(at):%H:%M}")


@register.filter
def clock_s(at: datetime | None) -> str:
    """A time of day with seconds in the reader's zone, UTC in its title."""
    return "–" if at is None else _time(at, f"{timezone.localtime(at):%H:%M:%S}")


@register.filter
def ago(at: datetime | None) -> str:
    """A time of day that the page's script keeps as a time gone by ("4 s ago")."""
    if at is None:
        return "never"
    local = timezone.localtime(at)
    today = local.date() == timezone.localtime().date()
    text = f"{local:%H:%M:%S}" if today else f"{local.day} {local:%b %H:%M}"
    return format_html(
        '<time data-ago datetime="{}" title="{}">{}</time>', at.isoformat(), words.utc(at), text
    )


def _time(at: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), words.utc(at), text)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One symbol of the sprite. Without a label it is decoration."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="#{}"/></svg>', said, name)


@register.inclusion_tag("deployments/_wick.html")
def wick(status: StatusView) -> dict[str, Any]:
    """The upright gauge of a state: fills while waking, burns down while idle, a pilot while asleep."""
    level = _PILOT_LEVEL if status.state in (State.ASLEEP, State.DEPLOYING) else max(4, status.level)
    return {"broken": status.state in _BROKEN, "level": level, "rest": 100 - level}


@register.simple_tag
def dearest(runs: Sequence[RunView]) -> Decimal:
    """What the dearest run of a list cost: the full width of its bars."""
    return dollars.dearest(runs)


@register.inclusion_tag("costs/_parts_bar.html")
def parts(run: RunView, most: Decimal) -> dict[str, Any]:
    """A run's dollars as a bar, beside those of the other runs of a list."""
    return {"bar": dollars.beside(run, most)}


@register.simple_tag(takes_context=True)
def live(context: RequestContext, name: str) -> SafeString:
    """Include a polling fragment with its fingerprint, the same as its own address answers."""
    engine = context.template.engine if context.template else template.Engine.get_default()
    return stamped(engine.get_template(name).render(context))


@register.simple_tag
def state_icon(state: State) -> SafeString:
    """The symbol of a state."""
    return icon(f"s-{state}")
