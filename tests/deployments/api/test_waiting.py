"""How long waiting for a state lasts."""

from dataclasses import dataclass, field
from typing import Any

from deployments.api.waiting import POLL_S, until_state
from deployments.planning.lifecycle import State


@dataclass
class Seen:
    """As much of a status as waiting looks at."""

    state: State
    leases: tuple[object, ...] = ()
    moving: bool = False


@dataclass
class Life:
    """States that are seen one after the other (the last one stays), and a clock that pauses move."""

    states: list[Seen]
    now: float = 0.0
    looks: int = 0
    pauses: list[float] = field(default_factory=list)

    async def read(self) -> Any:
        self.looks += 1
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def wait(self, wanted: State, timeout_s: float) -> Any:
        return await until_state(self.read, wanted, timeout_s, pause=self.pause, clock=lambda: self.now)


async def test_looks_every_half_second_until_it_is_reached() -> None:
    life = Life([Seen(State.WAKING)] * 3 + [Seen(State.READY)])
    waited = await life.wait(State.READY, 60)
    assert (waited.ended_by, life.looks, life.pauses) == ("reached", 4, [POLL_S] * 3)


async def test_time_over_ends_it_with_a_last_look() -> None:
    life = Life([Seen(State.WAKING)])
    waited = await life.wait(State.READY, 1.2)
    assert waited.ended_by == "timeout"
    assert life.now == 1.2  # 0.5 + 0.5 + 0.2
    assert life.looks == 4


async def test_settled_state_ends_it_after_what_moved_came_to_rest() -> None:
    life = Life([Seen(State.STOPPING, moving=True), Seen(State.ASLEEP)])
    waited = await life.wait(State.READY, 60)
    assert (waited.ended_by, life.looks) == ("settled", 2)


async def test_asleep_with_a_lease_is_not_settled() -> None:
    life = Life([Seen(State.ASLEEP, leases=(object(),)), Seen(State.READY)])
    assert (await life.wait(State.READY, 60)).ended_by == "reached"


async def test_state_that_is_waited_for_counts_although_it_is_settled() -> None:
    assert (await Life([Seen(State.OFF)]).wait(State.OFF, 60)).ended_by == "reached"
