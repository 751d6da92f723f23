"""Who asks for light must not keep the writers waiting that put out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from deployments.planning.power import Role
from deployments.services import budget_requests, locking, waking
from deployments.services.budget_requests import Limit
from deployments.services.errors import Refused

from .conftest import Panel, actor


def wrote(act: Callable[[], Any]) -> list[str]:
    """What it asked the database for beyond reading."""
    with CaptureQueriesContext(connection) as seen:
        act()
    said = [query["sql"] for query in seen.captured_queries]
    return [sql for sql in said if not sql.startswith("SELECT") or "FOR UPDATE" in sql]


def refused(act: Callable[[], Any]) -> None:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == "budget_exhausted"


def wake(panel: Panel) -> int:
    return waking.wake_for(panel.deployment.pk, actor=actor(Role.OPERATOR), reason="a question").lease_id


def test_what_a_budget_refuses_takes_no_lock(panel: Panel) -> None:
    limit = Limit("panel", "", "day", "UTC", Decimal(1))
    budget_requests.put(limit, actor=actor(Role.ADMIN))
    assert wrote(lambda: refused(panel.start)) == []
    assert wrote(lambda: refused(lambda: wake(panel))) == []


def test_who_holds_a_lease_already_takes_no_lock(panel: Panel) -> None:
    first = wake(panel)
    again: list[int] = []
    assert wrote(lambda: again.append(wake(panel))) == []
    assert again == [first]


def _turn_of_another_thread() -> bool:
    def ask() -> bool:
        with locking.in_turn():
            return True

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


@pytest.fixture
def one_writer(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Whether the database has one writer for everything."""

    def choose(one: bool) -> None:
        monkeypatch.setattr(type(connection.features), "has_select_for_update", not one)

    monkeypatch.setattr(locking, "TURN_LIMIT_S", 0.05)
    return choose


def test_where_a_database_has_one_writer_they_come_in_turn(one_writer: Callable[[bool], None]) -> None:
    one_writer(True)
    with locking.in_turn(), pytest.raises(OperationalError, match="no turn to write came"):
        _turn_of_another_thread()
    assert _turn_of_another_thread()


def test_a_writer_waits_for_nobody_who_waits_for_it(db: None, one_writer: Callable[[bool], None]) -> None:
    one_writer(True)
    assert connection.in_atomic_block
    locking._turn.acquire()  # of one that waits until this transaction has ended
    try:
        with locking.in_turn():
            pass
    finally:
        locking._turn.release()


def test_where_rows_are_locked_nobody_waits_for_a_turn(one_writer: Callable[[bool], None]) -> None:
    one_writer(False)
    with locking.in_turn():
        assert _turn_of_another_thread()
