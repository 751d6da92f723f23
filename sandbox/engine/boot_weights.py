"""The boot's middle: weights found or fetched, and loaded with or without prefetching."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sandbox.engine.console import WORKER, Console
from sandbox.engine.hub import OFFLINE_TEXT, hub_refusal
from sandbox.engine.settings import Settings
from sandbox.engine.timeline import BootFailure, Step, clock, say, tell
from sandbox.engine.weights import CHECKPOINT_GIB, SHARDS, leave_tree, snapshot_of

# About a minute with prefetching, over twelve minutes one after another over 9P, 20 for the download.
PREFETCHED_S, UNPREFETCHED_S, DOWNLOAD_S = 61.2, 728.0, 1200.0
RAM_GIB = 1889.41
# Any other model than GLM-5 counts as a small one here, which takes this part of its time (assumed).
SMALL_SHARE = 0.1


def check_model(settings: Settings) -> str | None:
    """Why the model's files cannot be had at all, in the real one's words; None where they can."""
    if snapshot_of(settings.hub, settings.model):
        return None
    if settings.model.startswith("/"):
        return (
            "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
            f"'namespace/repo_name': '{settings.model}'. Use `repo_type` argument if needed."
        )
    if settings.offline:
        return OFFLINE_TEXT
    return hub_refusal(settings.model, settings.revision, has_token=settings.has_hub_token)


def weight_steps(settings: Settings) -> Iterator[Step]:
    """Download where nothing is there, then load the target model's shards."""
    if snapshot_of(settings.hub, settings.model) is None:
        yield from _download(settings)
    yield say("weights", 0.4, WORKER, "weight_utils.py:1108", _filesystem_text())
    seconds = (PREFETCHED_S if settings.prefetch else UNPREFETCHED_S) * share_of(settings.model)
    if settings.prefetch:
        yield from _prefetched(seconds)
    else:
        yield say("weights", 0.1, WORKER, "weight_utils.py:1094", _no_prefetch_text(), "WARNING")
        yield from _shards(seconds)
    yield say("weights", 0.2, WORKER, "default_loader.py:501", f"Loading weights took {seconds:.2f} seconds")


def share_of(model: str) -> float:
    """The part of GLM-5's time that weights, profiling and warm-up of this model take."""
    return 1.0 if "glm-5" in model.lower() else SMALL_SHARE


def _filesystem_text() -> str:
    size = f"Checkpoint size: {CHECKPOINT_GIB:.2f} GiB"
    return f"Filesystem type for checkpoints: 9P. {size}. Available RAM: {RAM_GIB:.2f} GiB."


def _no_prefetch_text() -> str:
    return (
        "Auto-prefetch is disabled because the filesystem (9P) is not a recognized network FS (NFS/Lustre). "
        "If you want to force prefetching, start vLLM with --safetensors-load-strategy=prefetch."
    )


def _download(settings: Settings) -> Iterator[Step]:
    seconds = DOWNLOAD_S * share_of(settings.model)

    def finish(console: Console) -> None:
        leave_tree(settings.hub, settings.model, settings.revision)
        text = f"Time spent downloading weights for {settings.model}: {seconds:.6f} seconds"
        console.line(WORKER, "weight_utils.py:612", text)

    yield Step("weights", seconds, finish)


def _prefetched(seconds: float) -> Iterator[Step]:
    started = (
        "Prefetching checkpoint files into page cache started "
        "(in background, num_threads=8, block_size=16777216 bytes)"
    )
    yield say("weights", 0.1, WORKER, "weight_utils.py:1070", started)
    ten = [SHARDS * part // 10 for part in range(1, 11)]
    # The shards are read as fast as they are prefetched, so both bars advance together.
    shards = list(_shards(seconds, states=10))
    prefetch = [
        say(
            "weights",
            0,
            WORKER,
            "weight_utils.py:1042",
            f"Prefetching checkpoint files: {part}0% ({n}/{SHARDS})",
        )
        for part, n in enumerate(ten, start=1)
    ]
    yield shards[0]
    yield from chain.from_iterable(zip(shards[1:], prefetch, strict=True))
    finished = f"Prefetching checkpoint files into page cache finished in {seconds * 0.97:.2f}s"
    yield say("weights", 0, WORKER, "weight_utils.py:1065", finished)


def _shards(seconds: float, states: int = 20) -> Iterator[Step]:
    for index in range(states + 1):
        done = SHARDS * index // states
        spent = seconds * index / states
        rate = f"{spent / done:5.2f}s/it" if done else "?it/s"
        left = clock(seconds - spent) if done else "?"
        share = f"{100 * index // states:3d}% Completed | {done}/{SHARDS}"
        text = f"\rLoading safetensors checkpoint shards: {share} [{clock(spent)}<{left}, {rate}]\n"
        yield tell("weights", seconds / states if index else 0, text)


def refuse(console: Console, text: str, exit_code: int = 1) -> BootFailure:
    """Write a traceback that ends with this text; the failure to raise."""
    console.raw(
        "Traceback (most recent call last):\n"
        '  File "/usr/local/bin/vllm", line 10, in <module>\n'
        "    sys.exit(main())\n"
        "             ^^^^^^\n"
        f"{text}\n"
    )
    return BootFailure(exit_code)
