"""What the door needs of the rest of the panel; `deployments.public` is it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from deployments.public import Actor, InFlightRow, LeaseEnded, Route, Waking


class Backstage(Protocol):
    """Blocking calls, made in threads. Any of them may raise; the door goes on."""

    def routes(self) -> Sequence[Route]:
        """Every deployment, its state and where it is."""

    def wake_for(self, deployment_id: int, *, actor: Actor, reason: str, by_person: bool) -> Waking:
        """Have it lit under a lease of `actor`; Refused where it may not be. `by_person`: a page asks for
        somebody who has seen the price, not a program."""

    def lease_ended(self, lease_id: int) -> LeaseEnded | None:
        """Why this lease ended; None while it is open."""

    def report_in_flight(self, process: str, rows: Sequence[InFlightRow]) -> None:
        """Replace what `process` has open, and what it holds, by `rows`."""

    def gateway_lives(self, process: str, at: datetime) -> None:
        """This process lives."""

    def note_use(self, deployment_id: int, at: datetime) -> None:
        """A request of a person or a key ended at `at`."""

    def note_engine_failure(self, deployment_id: int, at: datetime, text: str) -> None:
        """The engine broke off or could not be reached at `at`."""
