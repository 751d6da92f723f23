"""A deployment with half a million lines of a hundred starts, as an engine writes them."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
BOOT = (
    "(APIServer pid=4) INFO 11-23 16:41:22 [api_server.py:1] vLLM API server version 0.33.0",
    "(APIServer pid=4) WARNING 11-23 16:41:37 [vllm.py:1] Enforce eager set, disabling torch.compile.",
    "(Worker_TP0 pid=40) INFO 11-23 16:41:55 [gpu_model_runner.py:1] Starting to load model GLM-5.2-FP8...",
    "(Worker_TP0 pid=40) INFO 11-23 16:42:40 [default_loader.py:1] Loading weights took 45.01 seconds",
    "(APIServer pid=4) INFO 11-23 16:44:00 [launcher.py:1] Application startup complete.",
)
RARE = "ValueError: needle of the very first run"


def text_of(place: int, chance: random.Random) -> str:
    """One line of traffic; one in two hundred is a warning, one in a thousand an error."""
    if place % 1000 == 999:
        return "(APIServer pid=4) ERROR 11-23 17:00:00 [serving.py:1] Error in request: connection reset"
    if place % 200 == 199:
        return "(APIServer pid=4) WARNING 11-23 17:00:00 [protocol.py:1] Fields were ignored: {'x'}"
    if place % 3:
        return f'(APIServer pid=4) INFO:     172.16.0.{place % 250}:0 - "POST /v1/chat/completions" {place}'
    return (
        f"(APIServer pid=4) INFO 11-23 17:00:00 [loggers.py:1] Engine 000: Avg prompt throughput:"
        f" {chance.random() * 900:.1f} tokens/s, Avg generation throughput: {chance.random() * 400:.1f}"
        " tokens/s,"
        f" Running: {place % 9} reqs, Waiting: 0 reqs, GPU KV cache usage: {chance.random() * 90:.1f}%"
    )


def seed(lines: int, *, runs: int = 100) -> Any:
    """The deployment; its lines are stored as the observer stores them, but in large parts."""
    from deployments.engines.levels import level_of
    from deployments.models import Account, Deployment, LogLine, LogSource, Run
    from deployments.planning.presets import GLM_5_2_FP8

    account = Account.objects.create(name="Bench", engine_key="sk-bench-0123456789")
    deployment = Deployment.objects.create(
        slug="glm", name="GLM", account=account, config=GLM_5_2_FP8.to_json(), observed_at=UNTIL
    )
    chance, each = random.Random(6), lines // runs
    for number in range(1, runs + 1):
        began = UNTIL - timedelta(hours=6 * (runs - number + 1))
        run = Run.objects.create(
            account=account, deployment=deployment, number=number, container_id=f"ta-{number}", cause="lease",
            first_seen_at=began, started_at=began, ended_at=began + timedelta(hours=5), end_reason="idle",
        )  # fmt: skip
        texts = [*BOOT, *(text_of(place, chance) for place in range(each - len(BOOT)))]
        texts[5] = RARE if number == 1 else texts[5]
        step = timedelta(hours=5) / each
        LogLine.objects.bulk_create(
            (
                LogLine(
                    deployment=deployment, run=run, at=began + step * place, source=LogSource.ENGINE,
                    level=level_of(text), text=text, fingerprint=f"{number}-{place}",
                )
                for place, text in enumerate(texts)
            ),
            batch_size=500,
        )  # fmt: skip
    return deployment


def viewer() -> Any:
    """Somebody who may look."""
    from controlpanel.models import User
    from controlpanel.roles import give_role
    from deployments.planning.power import Role

    user = User.objects.create_user("bench")
    give_role(user, Role.VIEWER)
    return user
