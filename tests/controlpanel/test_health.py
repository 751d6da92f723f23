from pathlib import Path

import pytest
from django.test import Client

from controlpanel import health

pytestmark = pytest.mark.django_db


def ok() -> str:
    return "ok"


@pytest.fixture
def all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECKS", {"database": health.database, "broker": ok, "worker": ok})


def test_the_process_answers_without_its_parts(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_names_every_part(client: Client, all_well: None) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["parts"] == {"database": "ok", "broker": "ok", "worker": "ok"}


def test_a_missing_broker_is_named_and_its_address_is_not(
    client: Client, settings: object, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/secret-place.sock"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["broker"].startswith("failed")
    assert "secret-place" not in response.content.decode()


@pytest.mark.parametrize(
    ("age_s", "said"),
    [
        (None, "failed: no worker has reported yet"),
        (31.0, "failed: no worker has reported for 31 s"),
        (29.0, "ok"),
    ],
)
def test_a_silent_worker_is_named(age_s: float | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.public.worker_heartbeat_age_s", lambda: age_s)
    assert health.worker() == said


def test_answers_are_not_kept(client: Client, all_well: None) -> None:
    assert "no-store" in client.get("/readyz")["Cache-Control"]


def test_only_reading_is_answered(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
