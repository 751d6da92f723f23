"""A coding agent as people install it, before a server that sleeps: `make test-agents`.

OpenCode comes from npm into a temporary folder; the panel is a real one with the stand-in cloud. The agent is
asked for a file: its first request wakes the server, the stand-in engine calls the tool for it, and the file
is there. Prints what happened; the exit code is 0 where all of it did. About a minute; needs `npm`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.acceptance.panel import MODEL, Panel, Server
from tests.patience import until

PACKAGE = "opencode-ai@1.18.33"
SAYS, FILE = "two and two is four", "answer.txt"
# What it would otherwise fetch at its start. Nothing beyond this machine can be reached: the proxy is nobody.
OFFLINE = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
}


def configuration(panel: Panel) -> dict[str, Any]:
    """What stands in a person's opencode.json."""
    return {
        "$schema": "https://opencode.ai/config.json",
        "model": f"pilotlight/{MODEL}",
        "small_model": f"pilotlight/{MODEL}",
        "enabled_providers": ["pilotlight"],
        "provider": {
            "pilotlight": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "Pilotlight",
                "options": {"baseURL": f"{panel.url}/v1", "apiKey": "{env:PILOTLIGHT_KEY}"},
                "models": {
                    MODEL: {
                        "name": "GLM-5.2 FP8",
                        "tool_call": True,
                        "reasoning": True,
                        "limit": {"context": 131072, "output": 16384},
                    }
                },
            }
        },
        "permission": {"edit": "allow", "bash": "deny", "webfetch": "deny"},
    }


def install(folder: Path) -> Path:
    """The agent's program."""
    quiet = ["--no-fund", "--no-audit", "--ignore-scripts", "--loglevel", "error"]
    subprocess.run(["npm", "install", *quiet, "--prefix", str(folder), PACKAGE], check=True, timeout=600)
    return next(
        found for found in sorted(folder.glob("node_modules/opencode-*/bin/opencode")) if _runs(found)
    )


def _runs(program: Path) -> bool:
    """Whether this build is for this machine's processor and C library."""
    return (
        subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    )


def sleeping(panel: Panel) -> Server:
    """The first deployment, deployed and asleep."""
    server = panel.on()
    server.start(reason="to have been lit once")
    server.reaches("ready")
    server.sleep()
    server.reaches("asleep")
    until(lambda: not server.status()["leases"])
    return server


def work(panel: Panel, program: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let the agent do its task in `folder`."""
    settings = folder.parent / "opencode.json"
    settings.write_text(json.dumps(configuration(panel), indent=2))
    environment = OFFLINE | {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "OPENCODE_CONFIG": str(settings),
        "PILOTLIGHT_KEY": panel.command("create_key", "--user", "admin", "--name", "opencode"),
    }
    return subprocess.run(
        [program, "run"], cwd=folder, env=environment, text=True, input=f"write “{SAYS}” to {FILE}",
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def report(panel: Panel, server: Server, done: subprocess.CompletedProcess[str], file: Path) -> bool:
    """Print what happened; True where the task is done and the server was woken once."""
    paths, runs = panel.control.counts()["paths"], server.runs()
    text = file.read_text() if file.exists() else None
    print(f"It said:\n{done.stdout.strip()}\n{done.stderr.strip()}\n")
    print(f"exit code {done.returncode}; {FILE}: {text!r}")
    print(f"containers since it slept: {len(runs) - 1}, for “{runs[0]['reason']}”; requests there: {paths}")
    return done.returncode == 0 and text == SAYS and len(runs) == 2 and paths.get("/health") == 1


def main() -> int:
    """0 where all went well."""
    if shutil.which("npm") is None:
        print("npm is needed to install the agent.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pilotlight-agent-") as name:
        home = Path(name)
        program = install(home / "agent")
        panel, folder = Panel(home / "data", from_nothing=True), home / "project"
        folder.mkdir()
        try:
            server = sleeping(panel.start())
            panel.control.reset_counts()
            begun = time.monotonic()
            done = work(panel, program, folder)
            print(f"{PACKAGE} worked for {time.monotonic() - begun:.1f} s, from a server that slept.")
            return 0 if report(panel, server, done, folder / FILE) else 1
        finally:
            panel.close()


if __name__ == "__main__":
    sys.exit(main())
