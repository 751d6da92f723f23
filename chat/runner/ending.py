"""How a reply ends."""

from dataclasses import dataclass

from chat.models import Status


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended. `again`: nothing was received and asking again may help."""

    status: Status
    code: str = ""
    text: str = ""
    again: bool = False
    renew: bool = False
