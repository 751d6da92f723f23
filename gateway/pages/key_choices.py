"""What the form of a key offers, in plain words."""

from dataclasses import dataclass

from deployments.public import Actor, Scope
from gateway.models import WhenAsleep

from .key_draft import NEVER, ON_A_DAY


@dataclass(frozen=True, slots=True)
class Choice:
    """One checkbox or radio button."""

    value: str
    label: str
    hint: str = ""


_SCOPES = (
    Choice("read", "Read", "Sees deployments, runs, logs and prices over REST."),
    Choice("chat", "Chat", "Asks the models. A request to a lit server keeps it lit while it lasts."),
    Choice("wake", "Wake", "Lights a sleeping server, which costs money; puts out what nobody else uses."),
    Choice("operate", "Operate", "Starts from off, holds for a time, releases, puts others out, freezes."),
    Choice("admin", "Admin", "Changes configuration and people, and sees everyone’s keys."),
)
ASLEEP = (
    Choice(
        WhenAsleep.HOLD.value,
        "Hold",
        "Wakes it and keeps the request open. Streams get a waiting line every 5 s.",
    ),
    Choice(
        WhenAsleep.ANSWER.value,
        "Answer 503 with a time",
        "Wakes it; Retry-After says when to ask again. For clients that give up early.",
    ),
    Choice(
        WhenAsleep.REFUSE.value,
        "Refuse",
        "Never wakes it, so it never spends. For scripts that can wait for others.",
    ),
)
EXPIRIES = (
    Choice("7d", "In 7 days"),
    Choice("30d", "In 30 days"),
    Choice("90d", "In 90 days"),
    Choice("365d", "In a year"),
    Choice(ON_A_DAY, "After a day"),
    Choice(NEVER, "Never"),
)
SHORT_ASLEEP = {
    WhenAsleep.HOLD.value: "holds while it wakes",
    WhenAsleep.ANSWER.value: "wakes and answers 503",
    WhenAsleep.REFUSE.value: "never wakes",
}


def scopes_for(actor: Actor) -> list[Choice]:
    """The powers that `actor` can give away: their own."""
    return [choice for choice in _SCOPES if actor.may(Scope(choice.value))]
