"""What SANDBOX_FAULT may say."""

import pytest

from sandbox.engine.fault import Fault, read_fault


def test_nothing_said_is_no_fault() -> None:
    assert read_fault("") is None


def test_fault_is_read() -> None:
    fault = read_fault('{"kind": "die", "at": "weights", "log": "boom", "exit_code": 7}')
    assert fault == Fault("die", "weights", "boom", 7)


@pytest.mark.parametrize("text", ['{"kind": "sing"}', '{"kind": "die", "at": "breakfast"}', "{"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"SANDBOX_FAULT|Expecting"):
        read_fault(text)


def test_fault_strikes_in_its_phase_or_the_next_there_is() -> None:
    fault = Fault("die", at="compile")
    assert not fault.strikes_in("weights")
    assert fault.strikes_in("compile")
    assert fault.strikes_in("cache")
