"""The supervisor with real, tiny processes."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from controlpanel.supervisor import supervise
from controlpanel.supervisor.console import Console
from controlpanel.supervisor.program import Program, Stage
from controlpanel.supervisor.supervise import GaveUp, Supervisor

pytestmark = pytest.mark.slow

SLEEP = "import signal; signal.pause()"
WITH_GRANDCHILD = (
    "import signal, subprocess, sys;"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
    "print('grandchild', child.pid, flush=True); signal.pause()"
)


def program(name: str, code: str, stage: Stage = Stage.WEB, **more: object) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), stage=stage, **more)


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def supervisor(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervisor]:
    monkeypatch.setattr(supervise, "_LONGEST_PAUSE_S", 0.01)
    panel = Supervisor(Console(said))
    yield panel
    panel.kill()
    await panel.stop()


async def until(condition: Callable[[], object], limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 (what is waited for is another process)
            await asyncio.sleep(0.01)


def pid_of(supervisor: Supervisor, name: str) -> int:
    return supervisor._children[name].pid


async def test_output_carries_the_name_of_its_child(supervisor: Supervisor, said: io.StringIO) -> None:
    await supervisor.start([program("web", f"print('hello', flush=True); {SLEEP}")])
    await until(lambda: "web     | hello\n" in said.getvalue())


async def test_nothing_is_coloured_without_a_terminal(supervisor: Supervisor, said: io.StringIO) -> None:
    supervisor.console.line("web", "hello")
    assert "\x1b" not in said.getvalue()


async def test_a_stop_comes_down_the_stages(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, pathlib\n"
        "def end(*_):\n"
        f"    open({str(order)!r}, 'a').write(sys.argv[1] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[2]).touch()\n"
        "while True: signal.pause()\n"
    )
    names = {"valkey": Stage.BROKER, "web": Stage.WEB, "control": Stage.WORKERS, "beat": Stage.BEAT}
    ready = {name: tmp_path / name for name in names}
    programs = [
        Program(name=name, argv=(sys.executable, "-c", code, name, str(ready[name])), stage=stage)
        for name, stage in names.items()
    ]
    await supervisor.start(programs)
    await until(lambda: all(path.exists() for path in ready.values()))
    await supervisor.stop()
    assert order.read_text().split() == ["beat", "control", "web", "valkey"]


async def test_a_child_that_dies_is_started_again(supervisor: Supervisor, said: io.StringIO) -> None:
    await supervisor.start([program("web", SLEEP)])
    first = pid_of(supervisor, "web")
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(supervisor, "web") != first)
    assert "web ended (signal 9)" in said.getvalue()
    assert not supervisor.stop_asked.is_set()


async def test_on_ready_runs_at_every_start(supervisor: Supervisor) -> None:
    seen: list[int] = []

    async def ready() -> bool:
        return True

    await supervisor.start([program("cloud", SLEEP, ready=ready, on_ready=lambda: seen.append(1))])
    os.kill(pid_of(supervisor, "cloud"), signal.SIGKILL)
    await until(lambda: len(seen) == 2)


async def test_quick_deaths_end_all_of_it_and_name_the_child(supervisor: Supervisor) -> None:
    await supervisor.start([program("web", SLEEP), program("beat", "raise SystemExit(3)")])
    await until(supervisor.stop_asked.is_set)
    assert supervisor.failure == "beat died 5 times, each time within 30 s."


async def test_a_program_that_is_never_ready_is_named(supervisor: Supervisor) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(GaveUp, match=r"web was not ready within 0 s"):
        await supervisor.start([program("web", SLEEP, ready=never, ready_limit_s=0.2)])
    with pytest.raises(GaveUp, match=r"beat ended at once"):
        await supervisor.start([program("beat", "raise SystemExit(3)", ready=never)])


async def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(GaveUp, match="web cannot be started: No such file"):
        await supervisor.start([Program(name="web", argv=("/no/such/program",), stage=Stage.WEB)])


async def test_a_deaf_child_is_killed_with_its_own_children(
    supervisor: Supervisor, said: io.StringIO
) -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WITH_GRANDCHILD}"
    await supervisor.start([program("web", code, stop_limit_s=0.2)])
    await until(lambda: "grandchild" in said.getvalue())
    grandchild = psutil.Process(int(said.getvalue().split()[-1]))
    await supervisor.stop()
    await until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


async def test_a_stop_asked_for_during_the_start_is_obeyed(supervisor: Supervisor) -> None:
    async def never() -> bool:
        return False

    asyncio.get_running_loop().call_later(0.2, supervisor.stop_asked.set)
    async with asyncio.timeout(5):
        await supervisor.start([program("web", SLEEP, ready=never)])
        pid = pid_of(supervisor, "web")
        await supervisor.stop()
    assert not psutil.pid_exists(pid)


async def test_a_killed_supervisor_leaves_no_child_behind(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from controlpanel.supervisor.console import Console\n"
        "from controlpanel.supervisor.program import Program, Stage\n"
        "from controlpanel.supervisor.supervise import Supervisor\n"
        "async def main():\n"
        "    panel = Supervisor(Console(sys.stdout))\n"
        f"    code = {SLEEP!r}\n"
        "    await panel.start([Program(name='web', argv=(sys.executable, '-c', code), stage=Stage.WEB)])\n"
        "    print(panel._children['web'].pid, flush=True)\n"
        "    await panel.stop_asked.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
