"""Secrets, volumes, environments and billing by the SDK's own objects."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import modal
import pytest
from modal._environments import _list_environments
from modal._utils.async_utils import synchronizer

from sandbox.client import ControlError
from sandbox.engine.weights import SHARDS

from .conftest import Cloud, fetch, wait_until

pytestmark = pytest.mark.slow


def test_secret_is_created_updated_listed_and_deleted(cloud: Cloud) -> None:
    modal.Secret.objects.create("life", {"A": "1", "B": "2"}, client=cloud.client)
    with pytest.raises(modal.exception.AlreadyExistsError):
        modal.Secret.objects.create("life", {"A": "3"}, client=cloud.client)
    assert "life" in [secret.name for secret in modal.Secret.objects.list(client=cloud.client)]
    modal.Secret.objects.delete("life", client=cloud.client)
    assert "life" not in [secret.name for secret in modal.Secret.objects.list(client=cloud.client)]


def test_updated_secret_reaches_the_next_container(cloud: Cloud) -> None:
    url = cloud.deploy("rotate")
    assert fetch(url).json()["MODEL_KEY"] == "hush-hush"
    secret = modal.Secret.from_name("model-key", client=cloud.client)
    secret.update({"MODEL_KEY": "rotated"})
    try:
        cloud.control.preempt(cloud.ready("rotate")["id"])
        wait_until(lambda: not cloud.containers("rotate", running=True))
        assert fetch(url).json()["MODEL_KEY"] == "rotated"
    finally:
        secret.update({"MODEL_KEY": "hush-hush"})


def test_state_on_disk_is_readable_by_its_owner_only(cloud: Cloud) -> None:
    for name in ("cloud.sqlite3", "tokens.json", "endpoint.json"):
        assert (cloud.folder / name).stat().st_mode & 0o077 == 0, name


def test_first_start_has_the_weights_and_they_can_be_removed(cloud: Cloud) -> None:
    volume = modal.Volume.from_name("huggingface-cache", client=cloud.client)
    (model,) = volume.listdir("/hub")
    assert model.path == "hub/models--zai-org--GLM-5.2-FP8"
    files = [
        e.path for e in volume.listdir(f"/{model.path}", recursive=True) if e.path.endswith(".safetensors")
    ]
    assert len(files) == SHARDS
    cloud.control.empty_volume("huggingface-cache")
    assert volume.listdir("/") == []
    with pytest.raises(ControlError, match="model: must be written as owner/name"):
        cloud.control.seed_weights("huggingface-cache", "../../etc")
    cloud.control.seed_weights("huggingface-cache", "zai-org/GLM-5.2-FP8")
    assert [entry.path for entry in volume.listdir("/hub")] == [model.path]


def test_volume_is_listed_and_deleted(cloud: Cloud) -> None:
    modal.Volume.from_name("scratch", create_if_missing=True, client=cloud.client).hydrate(cloud.client)
    assert "scratch" in [volume.name for volume in modal.Volume.objects.list(client=cloud.client)]
    modal.Volume.objects.delete("scratch", client=cloud.client)
    with pytest.raises(modal.exception.NotFoundError):
        modal.Volume.from_name("scratch", client=cloud.client).hydrate(cloud.client)


def test_environment_shows_budget_and_use(cloud: Cloud) -> None:
    fetch(cloud.deploy("budget"))
    cloud.control.set_budget("main", "0.0001")
    blocking = synchronizer.create_blocking(_list_environments)
    (main,) = [e for e in blocking(client=cloud.client) if e.name == "main"]
    assert main.cycle_budget_dollars == 0.0001
    assert main.current_cycle_usage > 0.0001
    assert main.spend_limit_reached is True


def test_report_is_wall_seconds_times_price_for_whole_hours(cloud: Cloud) -> None:
    fetch(cloud.deploy("billed"))
    cloud.control.preempt(cloud.ready("billed")["id"])
    wait_until(lambda: not cloud.containers("billed", running=True))
    (container,) = cloud.containers("billed")
    billing = modal.Workspace.from_context(client=cloud.client).billing
    start = datetime.now(UTC) - timedelta(hours=4)
    assert [row for row in billing.report(start=start, resolution="h") if row.description == "billed"] == []
    cloud.control.backdate(7200)
    rows = [
        row
        for row in billing.report(start=start, resolution="h", tag_names=["*"])
        if row.description == "billed"
    ]
    seconds = Decimal(str(container["finished_at"] - container["started_at"]))
    gpu = sum(row.cost_by_resource["GPU_H200"] for row in rows)
    # Eight GPUs at $0.001261 per GPU-second, and no factor for the sandbox's speed.
    assert abs(gpu - 8 * Decimal("0.001261") * seconds) < Decimal("0.0001")
    assert all(row.cost == sum(row.cost_by_resource.values()) for row in rows)
    assert rows[0].tags == {"managed-by": "tests"}
    assert billing.rates()["gpu_h200"] == Decimal("4.5396")
