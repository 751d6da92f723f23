"""One server from off to off over REST, as a script and a client program meet it; then a second start."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import psutil
import pytest

from deployments.engines.vllm import Vllm
from deployments.planning.presets import GLM_5_2_FP8
from tests.patience import until

from .panel import MODEL, SLUG, Panel

STATUS = f"/deployments/{SLUG}/status"
BOOT = ["queued", "container", "weights", "warmup", "server"]


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    """One of its own, from an empty folder: it is stopped and started again."""
    own = Panel(tmp_path / "data", from_nothing=True)
    try:
        yield own.start()
    finally:
        own.close()


def test_from_off_to_off_and_on_after_a_restart(panel: Panel) -> None:
    server = panel.on()
    # What is asked during the warm-up counts as boot, and here the parts are looked at.
    server.without_warm_up()
    assert server.state() == "off"
    price = _quote(panel)
    _start_and_watch(panel, price)
    _chat_in_a_stream(panel)
    _what_the_deploy_carried(panel)
    _logs_by_page_and_by_stream(panel)
    server.sleep()
    server.reaches("asleep")
    assert server.running() == []
    until(lambda: server.runs()[0]["end_reason"] == "slept")
    _parts_sum(panel.on().runs()[0])
    server.start(until=datetime.now(UTC) + timedelta(hours=1), reason="over a restart")
    server.reaches("ready")
    before = _kept(panel)

    assert panel.stop() == 0
    assert panel.output.rstrip().endswith("Stopped.")
    panel.start()

    assert _kept(panel) == before
    _right_again(panel)
    server.turn_off()
    server.reaches("off")
    assert server.running() == []
    assert panel.control.calls("AppStop"), "it was ended at the provider"
    _no_secret_anywhere(panel)


def _quote(panel: Panel) -> Decimal:
    """The price by `curl`, as the documentation shows it."""
    done = subprocess.run(
        ["curl", "-sS", "--fail", "-H", "@-", f"{panel.url}/api/v1/deployments/{SLUG}/quote"],
        input=f"Authorization: Bearer {panel.key}", capture_output=True, text=True, check=True,
    )  # fmt: skip
    quote = json.loads(done.stdout)
    assert Decimal(quote["price_usd_per_hour"]).quantize(Decimal("0.01")) == Decimal("36.32")
    assert sum(Decimal(part["usd"]) for part in quote["parts"]) == Decimal(quote["total_usd"])
    return Decimal(quote["price_usd_per_hour"])


def _start_and_watch(panel: Panel, price: Decimal) -> None:
    server = panel.on()
    lease = server.start(reason="the whole flow")
    assert lease["holder"] == "admin"
    seen: list[tuple[str, str | None]] = []

    def ready() -> bool:
        status = server.status()
        assert Decimal(status["price_usd_per_hour"]) == price
        if (status["state"], status["phase"]) not in seen:
            seen.append((status["state"], status["phase"]))
        return bool(status["state"] in ("ready", "failed"))

    until(ready, limit_s=90)
    states = list(dict.fromkeys(state for state, _ in seen))
    assert states == ["deploying", "waking", "ready"]
    phases = [phase for state, phase in seen if state == "waking" and phase]
    assert phases == sorted(set(phases), key=BOOT.index), "phases come once and in their order"
    assert phases, "a boot shows where it is"
    answer = panel.get(f"{STATUS}?wait_for=ready&timeout_s=30").body
    assert answer["waited"]["reached"] is True
    assert "$36.31/h" in answer["sentence"]
    assert server.runs()[0]["phases"][0]["name"] == "queued"
    # The log's last lines of the boot may come after the answer to the wake.
    until(lambda: [phase["name"] for phase in server.runs()[0]["phases"]] == BOOT)


def _chat_in_a_stream(panel: Panel) -> None:
    client = openai.OpenAI(base_url=f"{panel.url}/v1", api_key=panel.key, max_retries=0)
    assert MODEL in [model.id for model in client.models.list()]
    order: list[str] = []
    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "What is two and two?"}], stream=True
    )
    for chunk in stream:
        delta: Any = chunk.choices[0].delta if chunk.choices else None
        order += ["reasoning"] if getattr(delta, "reasoning", None) else []
        order += ["content"] if getattr(delta, "content", None) else []
    assert list(dict.fromkeys(order)) == ["reasoning", "content"]
    assert order == sorted(order, reverse=True), "it thinks first and answers then"
    until(lambda: sum(item["requests"] for item in panel.get("/usage").body["items"]) == 1)


def _what_the_deploy_carried(panel: Panel) -> None:
    calls = panel.control.calls("FunctionCreate")
    assert len(calls) == 2, "one deploy: the server and the download"
    serve = next(c for c in (call["request"]["function"] for call in calls) if c["function_name"] == "serve")
    assert serve["resources"]["gpu_config"]["gpu_type"] == "H200"
    assert serve["resources"]["gpu_config"]["count"] == 8
    scaling = serve["autoscaler_settings"]
    assert (scaling["max_containers"], scaling.get("min_containers", 0)) == (1, 0)
    assert scaling["scaledown_window"] == 900
    assert serve["startup_timeout_secs"] == 3600
    assert serve["timeout_secs"] >= 4 * 3600
    assert serve["max_concurrent_inputs"] >= 40
    assert serve["webhook_config"]["requires_proxy_auth"] is True
    assert len(serve["secret_ids"]) >= 2
    assert sorted(volume["mount_path"] for volume in serve["volume_mounts"]) == sorted(GLM_5_2_FP8.volumes)
    names = {c["request"].get("deployment_name") for c in panel.control.calls("SecretGetOrCreate")}
    assert {"vllm-api-key", "huggingface"} <= names
    steps = json.dumps([call["request"]["image"] for call in panel.control.calls("ImageGetOrCreate")])
    for step in (GLM_5_2_FP8.image.reference, *GLM_5_2_FP8.image.setup_commands, *GLM_5_2_FP8.image.pip):
        assert json.dumps(step)[1:-1] in steps, step
    _what_ran(panel)


def _what_ran(panel: Panel) -> None:
    """The engine's own command line in the container: the recipe with its defects repaired, and no key."""
    argv = list(Vllm().command(GLM_5_2_FP8).argv)
    container = panel.on().running()[0]
    lines = [child.cmdline() for child in psutil.Process(container["pid"]).children(recursive=True)]
    engine = next(line for line in lines if "serve" in line)
    assert engine[engine.index("serve") :] == argv[1:]
    secret = panel.shell("from deployments.models import Account; print(Account.objects.get().engine_key)")
    assert secret.startswith("sk-")
    assert secret not in json.dumps(lines)


def _logs_by_page_and_by_stream(panel: Panel) -> None:
    server = panel.on()
    until(lambda: server.log("Application startup complete"))
    first = panel.get(f"{server.path}/logs?limit=5").body
    assert len(first["items"]) == 5
    assert first["next"]
    done = subprocess.run(
        ["curl", "-sSN", "--max-time", "3", "-H", "@-",
         f"{panel.url}/api/v1{server.path}/logs/stream?tail=3"],
        input=f"Authorization: Bearer {panel.key}", capture_output=True, text=True, check=False,
    )  # fmt: skip
    ids = re.findall(r"^id: (\d+)$", done.stdout, re.MULTILINE)
    assert len(ids) >= 3
    assert ids == sorted(ids, key=int)
    assert all(json.loads(data)["text"] for data in re.findall(r"^data: (.+)$", done.stdout, re.MULTILINE))


def _parts_sum(run: dict[str, Any]) -> None:
    assert run["cause"] == "lease"
    whole = Decimal(run["cost_usd"])
    assert whole > 0
    assert sum(Decimal(run[f"{part}_usd"]) for part in ("boot", "use", "idle")) == whole
    assert sum(Decimal(run[f"{part}_usd"]) for part in ("gpu", "cpu", "memory")) == whole
    assert Decimal(run["use_usd"]) > 0, "the answer was use"
    hours = Decimal(str(run["lit_s"])) / 3600
    assert abs(Decimal(run["gpu_usd"]) - hours * Decimal("36.3168")) < Decimal("0.001")


def _kept(panel: Panel) -> tuple[Any, ...]:
    """What another start must not change: keys, ended runs, leases."""
    keys = [(key["id"], key["name"], key["prefix"]) for key in panel.get("/keys").body["items"]]
    ended = {run["id"]: run["cost_usd"] for run in panel.on().runs() if run["end_reason"] == "slept"}
    return keys, ended, panel.on().status()["leases"]


def _right_again(panel: Panel) -> None:
    """The sandbox went down with the panel, and its containers with it: the lease is served again."""
    server = panel.on()
    until(lambda: len(server.runs()) == 3 and server.state() == "ready", limit_s=90)
    assert len(server.running()) == 1
    assert server.runs()[-1]["end_reason"] == "slept", "history is kept"


def _no_secret_anywhere(panel: Panel) -> None:
    code = (
        "from deployments.models import Account; a = Account.objects.get();"
        "print(a.engine_key, a.token_secret, a.proxy_token_secret)"
    )
    secrets = [*panel.shell(code).split(), panel.key]
    assert len(secrets) == 4
    said = [panel.output, "\n".join(panel.on().log())]
    said += [panel.get(path).text for path in _answers()]
    for secret in secrets:
        assert all(secret not in text for text in said)


def _answers() -> list[str]:
    one = f"/deployments/{SLUG}"
    return [
        "/deployments", one, f"{one}/status", f"{one}/runs", f"{one}/releases", f"{one}/releases/1",
        "/accounts", "/keys", "/actions", "/users", "/usage", "/prices", "/openapi.json",
    ]  # fmt: skip
