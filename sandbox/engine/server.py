"""One life of the stand-in: boot, serve, and an end of one kind or another."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.engine.arguments import Arguments
from sandbox.engine.boot import boot_steps
from sandbox.engine.boot_weights import refuse
from sandbox.engine.catalogue import Catalogue
from sandbox.engine.console import API, CORE, Console
from sandbox.engine.core import Engine, EngineDeadError
from sandbox.engine.fault import Fault
from sandbox.engine.metrics import Metrics
from sandbox.engine.routes.application import ROUTES, build_application
from sandbox.engine.routes.state import State
from sandbox.engine.settings import Settings
from sandbox.engine.stats import StatsLog
from sandbox.engine.timeline import BootFailure, Step

LOOPBACK = "127.0.0.1"
# The real one's process is gone about a second after its engine.
DEATH_S = 1.0
# What a shell sees of a process that SIGINT ended; so ends a real one that is stopped while it boots.
INTERRUPTED = 130


@dataclass(slots=True)
class Server:
    """One process of the stand-in."""

    settings: Settings
    arguments: Arguments
    catalogue: Catalogue
    console: Console
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    exit_code: int = 0

    async def run(self) -> int:
        """Live, and return the exit code. SIGTERM and SIGINT end it cleanly."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        if self.settings.pid_file:
            self.settings.pid_file.write_text(str(os.getpid()))
        try:
            listener = self._bind()
            booted = asyncio.create_task(self._boot())
            stop = asyncio.create_task(self.stopped.wait())
            await asyncio.wait((booted, stop), return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not booted.done():
                booted.cancel()
                raise refuse(self.console, "KeyboardInterrupt: terminated", INTERRUPTED)
            booted.result()
            await self._serve(listener)
        except BootFailure as failure:
            return failure.exit_code
        return self.exit_code

    def _bind(self) -> socket.socket:
        """Take the port early, as the real one does; listening comes last. Only ever on loopback."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, self.settings.bind_port))
        except OSError as error:
            listener.close()
            raise refuse(self.console, f"OSError: [Errno {error.errno}] {error.strerror}") from error
        return listener

    async def _boot(self) -> None:
        if self.arguments.repeated:
            text = f"Found duplicate keys {', '.join(self.arguments.repeated)}"
            self.console.line(API, "argparse_utils.py:455", text, "WARNING")
        fault = self.settings.fault
        for step in boot_steps(self.settings, self.catalogue, dict(self.arguments.given)):
            if fault and fault.strikes_in(step.phase):
                await self._misbehave(fault)
            await self._take(step)

    async def _take(self, step: Step) -> None:
        if step.wait_s:
            await asyncio.sleep(step.wait_s / self.settings.speed)
        step.write(self.console)

    async def _misbehave(self, fault: Fault) -> None:
        if fault.kind == "hang":
            await asyncio.Event().wait()
        if fault.kind == "die":
            if fault.log:
                self.console.raw(fault.log.rstrip("\n") + "\n")
            raise BootFailure(fault.exit_code)

    async def _serve(self, listener: socket.socket) -> None:
        metrics = Metrics(self.settings)
        engine = Engine(self.settings, metrics, self.console)
        state = State(self.settings, engine, metrics, self.console)
        runner = web.AppRunner(build_application(state), handler_cancellation=True, access_log=None)
        await runner.setup()
        self._announce_routes()
        # The real one says so a moment before it listens, too.
        self.console.uvicorn("Application startup complete.")
        await web.SockSite(runner, listener, shutdown_timeout=0.1).start()
        await self._until_end(engine)
        await runner.cleanup()

    def _announce_routes(self) -> None:
        self.console.line(API, "launcher.py:186", "Available routes are:")
        for path in dict.fromkeys(path for _, path, _ in ROUTES):
            methods = ", ".join(method for method, route, _ in ROUTES if route == path)
            self.console.line(API, "launcher.py:195", f"Route: {path}, Methods: {methods}")
        self.console.uvicorn(f"Started server process [{self.console.pid}]")
        self.console.uvicorn("Waiting for application startup.")

    async def _until_end(self, engine: Engine) -> None:
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.stopped.wait())]
        if self.settings.log_stats:
            log = StatsLog(engine, self.console)
            tasks.append(asyncio.create_task(log.run(self.settings.stats_interval_s)))
        fault = self.settings.fault
        if fault and fault.kind == "die_after_ready":
            tasks.append(asyncio.create_task(asyncio.sleep(fault.after_s / self.settings.speed)))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if self.stopped.is_set():
            self._shut_down()
        else:
            await self._engine_dies(engine)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _shut_down(self) -> None:
        say = self._say
        say("launcher.py:254", "API server: shutdown triggered")
        say("launcher.py:270", "API server: stopping engine client mode=abort timeout=0s")
        say("core_client.py:770", "MPClient: start timeout=0s")
        say("core_client.py:772", "MPClient: stopping engine manager")
        say("utils.py:628", "Process manager: send sigterm to process EngineCore")
        text = "[shutdown] Process manager: force killing remaining processes count=1"
        self.console.line(API, "utils.py:648", text, "WARNING")
        text = "[shutdown] EngineCore: trigger received signal=SIGTERM"
        self.console.line(CORE, "core.py:1454", text)
        say("core_client.py:774", "MPClient: engine manager stopped")
        say("core_client.py:775", "MPClient: cleaning up background resources")
        say("core_client.py:777", "MPClient: complete")
        say("launcher.py:279", "API server: engine client stopped")
        say("launcher.py:282", "API server: signalling HTTP server shutdown")
        say("launcher.py:304", "API server: shutting down FastAPI HTTP server")
        self._uvicorn_ends()

    def _say(self, source: str, text: str) -> None:
        self.console.line(API, source, f"[shutdown] {text}")

    def _uvicorn_ends(self) -> None:
        for text in ("Shutting down", "Waiting for application shutdown.", "Application shutdown complete."):
            self.console.uvicorn(text)

    async def _engine_dies(self, engine: Engine) -> None:
        text = "[shutdown] MPClient: engine core exited unexpectedly; starting cleanup"
        self.console.line(API, "core_client.py:817", text, "WARNING")
        trace = (
            "AsyncLLM output_handler failed.\n"
            "Traceback (most recent call last):\n"
            f"vllm.v1.engine.exceptions.EngineDeadError: {EngineDeadError()}"
        )
        self.console.line(API, "async_llm.py:906", trace, "ERROR")
        engine.die()
        await asyncio.sleep(DEATH_S)
        self._uvicorn_ends()
        self.console.uvicorn(f"Finished server process [{self.console.pid}]")
        self.exit_code = 1
