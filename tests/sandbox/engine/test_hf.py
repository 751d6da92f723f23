"""The hub's download command."""

import io
from pathlib import Path

import pytest

from sandbox.engine.hf import DOWNLOAD_S, Download, fetch, main
from sandbox.engine.weights import SHARDS, begin_tree, shard_name, snapshot_of

MODEL = "org/name"


def test_download_takes_twelve_minutes_of_life(tmp_path: Path) -> None:
    waits: list[float] = []
    fetch(Download(MODEL, None, tmp_path, speed=1), io.StringIO(), sleep=waits.append)
    assert sum(waits) == pytest.approx(DOWNLOAD_S) == pytest.approx(720)


def test_download_leaves_the_cache_tree(tmp_path: Path) -> None:
    snapshot = fetch(Download(MODEL, "v1", tmp_path, speed=1), io.StringIO(), sleep=lambda _: None)
    assert snapshot_of(tmp_path, MODEL) == snapshot
    assert len(list(snapshot.glob("*.safetensors"))) == SHARDS
    assert (tmp_path / "models--org--name" / "refs" / "v1").read_text() == snapshot.name


def test_download_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    snapshot = begin_tree(tmp_path, MODEL)
    for index in range(1, 101):
        (snapshot / shard_name(index)).touch()
    assert snapshot_of(tmp_path, MODEL) is None
    waits: list[float] = []
    fetch(Download(MODEL, None, tmp_path, speed=1), io.StringIO(), sleep=waits.append)
    assert len(waits) == SHARDS - 100


def test_progress_is_told(tmp_path: Path) -> None:
    stream = io.StringIO()
    fetch(Download(MODEL, None, tmp_path, speed=1), stream, sleep=lambda _: None)
    assert "Fetching 141 files: 100%|██████████| 141/141 [12:00<00:00" in stream.getvalue()


def test_what_is_there_is_not_fetched_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(Download(MODEL, None, tmp_path / "hub", speed=1), io.StringIO(), sleep=lambda _: None)
    assert main(["download", MODEL, "--max-workers", "16"], {"HF_HOME": str(tmp_path)}) == 0
    told = capsys.readouterr()
    assert "models--org--name/snapshots/" in told.out
    assert told.err == ""


@pytest.mark.parametrize(
    ("model", "environment", "text"),
    [
        ("org/gated", {}, "Cannot access gated repo for url"),
        ("org/gated", {}, "401 Client Error"),
        ("org/missing", {"HF_TOKEN": "hf_x"}, "Repository Not Found for url:"),
        ("org/missing", {}, "404 Client Error"),
        ("org/name", {"HF_HUB_OFFLINE": "1"}, "LocalEntryNotFoundError"),
    ],
)
def test_refusals_are_the_hubs(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    environment: dict[str, str],
    text: str,
) -> None:
    assert main(["download", model], environment | {"HF_HOME": str(tmp_path)}) == 1
    assert text in capsys.readouterr().err


def test_token_opens_what_is_gated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HF_HOME": str(tmp_path), "HF_TOKEN": "hf_x", "SANDBOX_SPEED": "1000000"}
    assert main(["download", "org/gated"], environment) == 0
    told = capsys.readouterr()
    assert "hf_x" not in told.out + told.err
    assert "unauthenticated" not in told.err
