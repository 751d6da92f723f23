"""Small pure parts: lines, launcher, image environment, throttle, tempo, ports, files."""

import asyncio
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cloud import ports
from sandbox.cloud.environment import image_environment
from sandbox.cloud.errors import InvalidError
from sandbox.cloud.filesystem import blob_path, inside
from sandbox.cloud.launcher import remapped
from sandbox.cloud.process import split_lines
from sandbox.cloud.relay import BrokenRelayError, Relay
from sandbox.cloud.tempo import Tempo
from sandbox.cloud.throttle import Throttle


@pytest.mark.parametrize(
    ("received", "lines"),
    [
        (b"a\nb\r\nc", [b"a\n", b"b\r\n", b"c"]),
        (b"\r10%\r20%\r30%\n", [b"\r10%", b"\r20%", b"\r30%\n", b""]),
        (b"half\r", [b"half\r"]),
        (b"", [b""]),
    ],
)
def test_lines_end_at_newlines_and_before_carriage_returns(received: bytes, lines: list[bytes]) -> None:
    assert split_lines(received) == lines


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n"])).map(b"".join))
def test_no_byte_of_a_log_is_lost(received: bytes) -> None:
    assert b"".join(split_lines(received)) == received


@pytest.mark.parametrize(
    ("given_", "mapped"),
    [
        (["--port", "8000", "--host", "0.0.0.0"], ["--port", "4711", "--host", "127.0.0.1"]),
        (["--port=8000", "--host=::"], ["--port=4711", "--host=127.0.0.1"]),
        (["--port", "9000", "--host", "127.0.0.1"], ["--port", "9000", "--host", "127.0.0.1"]),
        (["--max-model-len", "8000"], ["--max-model-len", "8000"]),
        ([], []),
    ],
)
def test_real_engine_is_moved_to_the_mapped_port_on_loopback(given_: list[str], mapped: list[str]) -> None:
    assert remapped(given_, "4711") == mapped


def test_image_environment_is_read_and_nothing_is_run() -> None:
    lines = ["FROM base", "RUN touch /tmp/x", "ENV A=1", "ENV B='two words' C=3", "ENV odd"]
    assert image_environment(lines) == {"A": "1", "B": "two words", "C": "3"}


def test_throttle_allows_a_burst_and_then_the_rate() -> None:
    throttle = Throttle(rate_per_s=2, burst_s=3)
    assert [throttle.allow(100.0) for _ in range(7)] == [True] * 6 + [False]
    assert [throttle.allow(101.0) for _ in range(3)] == [True, True, False]


def test_speed_divides_time_and_backoff_doubles_up_to_a_minute() -> None:
    tempo = Tempo(20)
    assert tempo.wall_s(900) == 45
    assert [tempo.backoff_s(n) * 20 for n in (1, 2, 3, 50)] == [1, 2, 4, 60]


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Tempo(speed)


def test_port_is_kept_unless_somebody_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert ports.choose(None, str(port)) != port
    assert ports.choose(None, str(port)) == port
    assert ports.choose(1234, str(port)) == 1234


def test_held_port_is_left_to_the_server_that_is_on_its_way() -> None:
    with ports.hold() as holder, socket.socket() as other, socket.socket() as server:
        address = ("127.0.0.1", ports.number(holder))
        with pytest.raises(OSError, match="in use"):
            other.bind(address)
        with pytest.raises(ConnectionRefusedError):
            other.connect(address)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen()
        socket.create_connection(address).close()


@pytest.mark.parametrize("path", ["../x", "/root/../../x", "a/../../b"])
def test_mounted_file_cannot_leave_the_container(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="filename"):
        inside(tmp_path, path)
    assert inside(tmp_path, "/root/modal_app.py") == tmp_path / "root" / "modal_app.py"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_content_is_named_by_a_digest_only(digest: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="sha256_hex"):
        blob_path(tmp_path, digest)


async def test_kept_response_can_be_read_twice() -> None:
    relay = Relay()
    relay.keep()
    await relay.add(b"one")
    await relay.add(b"two")
    await relay.end()
    assert [chunk async for chunk in relay.read()] == [b"one", b"two"]
    assert [chunk async for chunk in relay.read()] == [b"one", b"two"]


async def test_slow_reader_makes_the_container_wait() -> None:
    relay = Relay()
    adding = asyncio.create_task(relay.add(b"x" * 2 * 1024 * 1024))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(adding), 0.01)
    reader = relay.read()
    assert len(await anext(reader)) == 2 * 1024 * 1024
    await adding
    await reader.aclose()


async def test_broken_response_is_told_from_a_whole_one() -> None:
    relay = Relay()
    await relay.add(b"half")
    await relay.end(broken=True)
    with pytest.raises(BrokenRelayError):
        [chunk async for chunk in relay.read()]
