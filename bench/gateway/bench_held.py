"""What it costs to hold streams while a server wakes. Takes about a minute.

usage: python bench/gateway/bench_held.py [STREAMS] [SECONDS]

One client machine and one key; servers.py lifts the share of a key.
"""

import asyncio
import os
import sys
import tempfile
import time

import psutil
from load import KEY

from bench import answering_anything, free_port, process

_BODY = b'{"model":"bench","messages":[],"stream":true}'
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (KEY.encode(), len(_BODY), _BODY)
)


class Held:
    """One client: how many heartbeats it heard, and the longest silence, in seconds."""

    def __init__(self) -> None:
        self.beats = 0
        self.silence_s = 0.0

    async def listen(self, port: int) -> None:
        """Ask, and listen until cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_REQUEST)
        await reader.readuntil(b": waking")
        last = time.perf_counter()
        while True:
            await reader.readuntil(b": waking")
            now = time.perf_counter()
            self.beats += 1
            self.silence_s, last = max(self.silence_s, now - last), now


def mib(server: psutil.Process) -> float:
    """Its memory."""
    return float(server.memory_info().rss) / 2**20


async def hold(streams: int, seconds: float) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory(prefix="bench-held-") as folder:
        port, processor = free_port(), min(os.sched_getaffinity(0))
        with process(
            "servers.py", "held", str(port), "http://127.0.0.1:1", processor=processor, folder=folder
        ) as (server):
            await answering_anything(port)
            empty = mib(server)
            clients = [Held() for _ in range(streams)]
            tasks = [asyncio.create_task(client.listen(port)) for client in clients]
            await asyncio.sleep(5)
            before, begun = sum(server.cpu_times()[:2]), time.perf_counter()
            await asyncio.sleep(seconds)
            cpu = (sum(server.cpu_times()[:2]) - before) / (time.perf_counter() - begun)
            print(
                f"{sum(client.beats > 0 for client in clients)} of {streams} streams held for {seconds:g} s:"
                f" {100 * cpu:.1f} % of one processor, {mib(server) - empty:.1f} MiB on top of {empty:.0f},"
                f" longest silence {max(client.silence_s for client in clients):.1f} s"
            )
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[1:3]]
    asyncio.run(hold(int(given[0]) if given else 500, given[1] if len(given) > 1 else 30.0))
