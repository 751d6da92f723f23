"""When the panel goes back to an earlier release by itself, and how the reconciler brings that one again."""

from typing import Any

import pytest

from deployments.planning.decide import Break, decide
from deployments.planning.facts import DeployFact
from deployments.planning.rollback import Tried, back_to
from deployments.planning.steps import RequestDeploy, Restore, RunDeploy

from .situations import asleep, off


def tried(number: int, *, ready: bool = False, rollback: bool = False, **config: Any) -> Tried:
    return Tried(number, {"app_name": "a", "max_num_seqs": number} | config, ready, rollback)


ONE, TWO, FAILED = tried(1, ready=True), tried(2, ready=True), tried(3)
SAME = tried(2, ready=True, max_num_seqs=3)
RENAMED = tried(2, ready=True, app_name="b")


@pytest.mark.parametrize(
    ("releases", "goes_to"),
    [
        ([ONE, TWO, FAILED], 2),  # the newest that was ready
        ([ONE, tried(2), FAILED], 1),
        ([tried(1), tried(2), FAILED], None),  # none was ever ready
        ([ONE, TWO, tried(3, ready=True)], None),  # it was ready before: not the release has failed
        ([ONE, TWO, tried(3, rollback=True)], None),  # a way back is not gone back from
        ([ONE, SAME, FAILED], 1),  # the same again would fail again
        ([ONE, RENAMED, FAILED], 1),  # an app of another name would stay behind
        ([FAILED, tried(4, ready=True)], None),  # later ones are no way back
    ],
)
def test_where_to(releases: list[Tried], goes_to: int | None) -> None:
    assert back_to(Break.BOOT_DIED, failed=3, current=3, releases=releases) == goes_to


@pytest.mark.parametrize(
    ("reason", "goes"),
    [
        (Break.DEPLOY_FAILED, True),
        (Break.BOOT_DIED, True),
        (Break.BOOT_REPEATED, True),
        (Break.BOOT_TIMEOUT, True),
        (Break.NO_CAPACITY, False),
        (Break.ENGINE_DIED, False),
        (Break.WAKE_FAILED, False),
    ],
)
def test_only_what_a_release_can_be_to_blame_for(reason: Break, goes: bool) -> None:
    assert (back_to(reason, failed=3, current=3, releases=[ONE, FAILED]) == 1) is goes


@pytest.mark.parametrize(("failed", "current"), [(3, 4), (None, 3), (None, None)])
def test_not_when_somebody_made_another_release_meanwhile(failed: int | None, current: int | None) -> None:
    releases = [ONE, FAILED, tried(4)]
    assert back_to(Break.BOOT_DIED, failed=failed, current=current, releases=releases) is None


def test_what_failed_is_out_before_the_earlier_release_is_brought_again() -> None:
    assert decide(off(breaker_open=True, restoring=1)) == [Restore()]
    assert Restore() not in decide(asleep(breaker_open=True, wanted_on=False, restoring=2, current_release=2))


@pytest.mark.parametrize("changes", [{"frozen": True}, {"current_release": 2}, {"restoring": None}])
def test_nothing_is_brought_again_where_that_does_not_hold_any_more(changes: dict[str, Any]) -> None:
    assert decide(off(**({"breaker_open": True, "restoring": 1} | changes))) == []


def test_it_is_deployed_for_nobody_and_then_left_alone() -> None:
    gone = off(wanted_on=True, restoring=1)
    assert decide(gone) == [RequestDeploy(1)]
    open_deploy = DeployFact(id=7, release=1, busy=False)
    assert decide(off(wanted_on=True, restoring=1, deploy=open_deploy)) == [RunDeploy(7)]
    assert decide(off(wanted_on=True, restoring=1, blind=True)) == []
    assert decide(asleep(restoring=1)) == []
