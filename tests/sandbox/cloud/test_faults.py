"""The table of faults."""

import pytest

from sandbox.cloud.errors import InvalidError
from sandbox.cloud.faults import Faults


def test_fault_strikes_as_often_as_it_was_told() -> None:
    faults = Faults()
    faults.add("logs_doubled", {"times": 2})
    assert [faults.strike("logs_doubled") is not None for _ in range(3)] == [True, True, False]


def test_fault_holds_for_its_app_only() -> None:
    faults = Faults()
    faults.add("boot_hangs", {"app": "one", "at": "cache"})
    assert faults.for_engine("two") is None
    assert faults.for_engine("one") == {"kind": "hang", "at": "cache"}


def test_looking_uses_nothing_up() -> None:
    faults = Faults()
    faults.add("logs_doubled", {"times": 1})
    assert faults.peek("logs_doubled")
    assert faults.strike("logs_doubled")
    assert not faults.peek("logs_doubled")


def test_call_faults_name_their_calls() -> None:
    faults = Faults()
    faults.add("rpc_unavailable", {"rpcs": ["AppList"]})
    assert faults.strike_rpc("rpc_unavailable", "TaskList") is None
    assert faults.strike_rpc("rpc_unavailable", "AppList")
    faults.add("rpc_throttled", {"rpcs": "all"})
    assert faults.strike_rpc("rpc_throttled", "TaskList")


@pytest.mark.parametrize(
    ("name", "options", "field"),
    [
        ("explode", {}, "name"),
        ("boot_dies", {"colour": "red"}, "colour"),
        ("boot_dies", {"exit_code": "1"}, "exit_code"),
        ("boot_dies", {"at": "lunch"}, "at"),
        ("rpc_slow", {"rpcs": []}, "seconds"),
        ("logs_doubled", {"times": 0}, "times"),
        ("logs_doubled", {"app": 3}, "app"),
    ],
)
def test_wrong_option_is_named(name: str, options: dict, field: str) -> None:
    with pytest.raises(InvalidError, match=f"^{field}: "):
        Faults().add(name, options)
