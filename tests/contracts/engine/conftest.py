"""The engine under contract: always the stand-in, and a real vLLM where one is named."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.engine.client import Client
from tests.contracts.engine.running import Command, RunningEngine, real, standin

ENGINES = {"standin": standin}
PARAMS = [pytest.param("standin", id="standin", marks=pytest.mark.slow)]
if os.environ.get("PILOTLIGHT_TEST_VLLM"):
    ENGINES["vllm"] = real
    PARAMS.append(pytest.param("vllm", id="vllm", marks=pytest.mark.vllm))

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "w",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture(scope="session", params=PARAMS)
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """How to start the engine under contract."""
    home: Path = tmp_path_factory.mktemp("home")
    return ENGINES[request.param](home)


@pytest.fixture(scope="session")
def engine(command: Command) -> Iterator[RunningEngine]:
    """One running server for all tests of this process."""
    running = RunningEngine(command)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def client(engine: RunningEngine) -> Client:
    """Requests to it."""
    return Client(engine)


@pytest.fixture
def fresh(command: Command) -> Iterator[RunningEngine]:
    """A server of the test's own, ready, to be ended by the test."""
    running = RunningEngine(command)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()
