"""The generator against a real door and the stand-in engine."""

from collections.abc import Iterator

import pytest

from tests.gateway.engine import standin


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """A stand-in at a pace that leaves time to look: a long answer takes seconds."""
    with standin(tokens_per_s=400) as url:
        yield url
