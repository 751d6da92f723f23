"""The door beside no gateway at all and beside an async Django view. Takes about half a minute.

usage: python bench/gateway/bench.py [SECONDS] [CONNECTIONS]

One server at a time on the first processor, engine and client on the last. Machines differ and are noisy:
read the ratios, and CPU time per request before requests per second.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from load import Result, burst

_HERE = Path(__file__).resolve().parent
_READY_S = 30.0


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def process(*command: str, processor: int, folder: str) -> Iterator[psutil.Process]:
    """A server on one processor, ended with the block."""
    environment = {**os.environ, "PANEL_DATA_DIR": folder}
    child = subprocess.Popen([sys.executable, *command], cwd=_HERE, env=environment)
    os.sched_setaffinity(child.pid, {processor})
    try:
        yield psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


async def answering(port: int) -> None:
    """Wait until a request is answered; TimeoutError after half a minute."""
    async with asyncio.timeout(_READY_S):
        while True:
            try:
                if (await burst(port, stream=False, connections=1, seconds=0.2)).answers:
                    return
            except OSError:
                await asyncio.sleep(0.1)


async def answering_anything(port: int) -> None:
    """Wait until somebody listens there; TimeoutError after half a minute."""
    async with asyncio.timeout(_READY_S):
        while True:
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                return
            except OSError:
                await asyncio.sleep(0.1)


async def measure(port: int, server: psutil.Process, stream: bool, connections: int, seconds: float) -> str:
    """One cell of the table."""
    await burst(port, stream=stream, connections=connections, seconds=seconds / 4)
    before = sum(server.cpu_times()[:2])
    result: Result = await burst(port, stream=stream, connections=connections, seconds=seconds)
    cpu_us = (sum(server.cpu_times()[:2]) - before) / max(1, result.answers) * 1e6
    failed = f"  {result.failures} FAILED" if result.failures else ""
    return f"{result.answers / result.seconds:9.0f}/s {cpu_us:8.0f} us{failed}"


async def compare(seconds: float, connections: int) -> None:
    """Print the table."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[-1]})
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="bench-gateway-"))
        engine = free_port()
        running.enter_context(process("upstream.py", str(engine), processor=processors[-1], folder=folder))
        print(f"{connections} connections, {seconds:g} s each; answers per second and server CPU per answer")
        print(f"{'':8}{'whole answers':>24}{'streams of 64 chunks':>24}")
        for kind in ("direct", "door", "view"):
            cells = await _row(kind, engine, processors[0], folder, connections, seconds)
            print(f"{kind:8}{cells[0]:>24}{cells[1]:>24}", flush=True)


async def _row(
    kind: str, engine: int, processor: int, folder: str, connections: int, seconds: float
) -> list[str]:
    port = free_port()
    command = ["upstream.py", str(port)] if kind == "direct" else ["servers.py", kind, str(port)]
    if kind != "direct":
        command.append(f"http://127.0.0.1:{engine}")
    with process(*command, processor=processor, folder=folder) as server:
        await answering(port)
        return [await measure(port, server, stream, connections, seconds) for stream in (False, True)]


if __name__ == "__main__":
    begun = time.monotonic()
    given = [float(text) for text in sys.argv[1:3]]
    asyncio.run(compare(given[0] if given else 2.0, int(given[1]) if len(given) > 1 else 16))
    print(f"took {time.monotonic() - begun:.0f} s")
