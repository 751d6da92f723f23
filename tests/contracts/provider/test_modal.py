"""What is particular to Modal: what reaches its control plane, and its ways to fail. On the sandbox."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from deployments.engines.registry import engine_for
from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceBook, Resources, UnitPrice
from deployments.ledger.public_prices import USD_PER_S
from deployments.ledger.reconciling import kind_of
from deployments.providers.base import CallOutcome, ProviderError, WakeOutcome
from deployments.providers.modal_cloud import ModalProvider
from deployments.providers.rendering import spec_document
from tests.patience import until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def functions_of(world, since):
    return {
        call["request"]["function"]["function_name"]: call["request"]["function"]
        for call in world.sandbox.control.calls("FunctionCreate")[since:]
    }


def deploy_and_see(world):
    """Deploy; the definitions of `serve` and `download` that reached the control plane."""
    before = len(world.sandbox.control.calls("FunctionCreate"))
    world.deploy(release=3)
    return functions_of(world, before)


def test_the_recipe_reaches_the_control_plane_with_its_defects_repaired(modal_world):
    modal_world.spec = replace(modal_world.spec, idle_window_s=900)
    serve = deploy_and_see(modal_world)["serve"]
    assert serve["resources"]["gpu_config"]["gpu_type"] == "H200"
    assert serve["resources"]["gpu_config"]["count"] == 8
    scaling = serve["autoscaler_settings"]
    assert scaling["max_containers"] == 1
    assert scaling.get("min_containers", 0) == 0
    assert scaling["scaledown_window"] == 900
    assert serve["startup_timeout_secs"] == 3600
    assert serve["timeout_secs"] == 86400
    assert serve["max_concurrent_inputs"] >= 40
    web = serve["webhook_config"]
    assert web["web_server_port"] == 8000
    assert web["web_server_startup_timeout"] == 3600
    assert web["requires_proxy_auth"] is True
    assert len(serve["volume_mounts"]) == len(modal_world.spec.volumes)


def test_the_download_has_no_gpu_and_the_weights_volume_alone(modal_world):
    download = deploy_and_see(modal_world)["download"]
    assert not download["resources"].get("gpu_config", {}).get("count")
    assert [mount["mount_path"] for mount in download["volume_mounts"]] == ["/root/.cache/huggingface"]
    assert download["timeout_secs"] == 86400


def test_no_secret_reaches_argv_spec_or_the_output_of_the_deploy(modal_world, credentials):
    modal_world.deploy()
    document = json.dumps(spec_document(modal_world.spec, "glm", 1))
    everything = document + "\n".join(modal_world.lines)
    for secret in (
        "sk-contract-key",
        "hf_contract",
        credentials.token_secret,
        credentials.proxy_token_secret,
    ):
        assert secret not in everything


def test_a_container_runs_the_engine_with_exactly_the_recipes_argv(modal_world):
    """The stand-in engine parses it as vLLM would and prints what differs from the defaults."""
    deployed = modal_world.deploy()
    began = modal_world.now()
    modal_world.wake(deployed.endpoint_url)
    lines = modal_world.provider.logs(deployed.app_id, since=began, until=modal_world.now())
    arguments = next(entry.text for entry in lines if "non-default args" in entry.text)
    assert "'tensor_parallel_size': 8" in arguments
    assert "'max_model_len': 131072" in arguments
    assert "api_key" not in arguments
    assert "sk-contract-key" not in "\n".join(entry.text for entry in lines)
    assert engine_for("vllm").command(modal_world.spec).argv[2] in arguments
    modal_world.sandbox.control.set_fault("logs_doubled")  # a delivery that is repeated adds no line
    again = modal_world.provider.logs(deployed.app_id, since=began, until=modal_world.now())
    assert again[: len(lines)] == lines


def test_the_exported_spec_deploys_by_hand(modal_world, tmp_path):
    """What the comment on top of the deployed file says."""
    document = json.dumps(spec_document(modal_world.spec, "glm", 9))
    done = subprocess.run(
        [sys.executable, "-m", "modal", "deploy", str(ROOT / "deployments/providers/modal_app.py")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PILOTLIGHT_SPEC": document}
        | modal_world.sandbox.environ,
        cwd=tmp_path, text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert modal_world.provider.find_app(modal_world.app).release == 9


def test_a_failed_image_build_is_permanent_and_shows_its_log(modal_world):
    modal_world.sandbox.control.set_fault("build_fails", log="manifest unknown", times=1)
    modal_world.spec = replace(
        modal_world.spec, image=replace(modal_world.spec.image, reference=f"nobody/{modal_world.app}")
    )
    with pytest.raises(ProviderError) as caught:
        modal_world.deploy()
    assert caught.value.permanent
    assert "manifest unknown" in "\n".join([str(caught.value), *modal_world.lines])


def test_a_missing_secret_is_permanent_and_named(modal_world):
    with pytest.raises(ProviderError, match="no-such-secret") as caught:
        modal_world.deploy(secrets=("no-such-secret",))
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("fault", "options"),
    [("rpc_unavailable", {"rpcs": ["TaskList"]}), ("rpc_throttled", {"rpcs": ["TaskList"]})],
)
def test_a_control_plane_in_trouble_is_transient(modal_world, fault, options):
    modal_world.sandbox.control.set_fault(fault, **options)
    with pytest.raises(ProviderError) as caught:
        modal_world.provider.containers()
    assert not caught.value.permanent
    modal_world.sandbox.control.clear_faults()
    assert modal_world.provider.containers() is not None


def test_a_hanging_control_plane_holds_nobody_for_long(modal_world, monkeypatch):
    monkeypatch.setattr("deployments.providers.modal_cloud.sdk.CALL_LIMIT_S", 0.3)
    modal_world.sandbox.control.set_fault("rpc_slow", rpcs=["TaskList"], seconds=5.0)
    with pytest.raises(ProviderError, match="in time") as caught:
        modal_world.provider.containers()
    assert not caught.value.permanent


def test_a_wrong_token_is_permanent_and_not_repeated(credentials):
    wrong = replace(credentials, token_secret="as-wrong-one")
    with pytest.raises(ProviderError) as caught:
        ModalProvider(wrong).check()
    assert caught.value.permanent
    assert "as-wrong-one" not in str(caught.value)


def test_an_environment_that_does_not_exist_is_named_with_those_that_do(credentials):
    with pytest.raises(ProviderError, match=r"no environment 'dev'.*main") as caught:
        ModalProvider(replace(credentials, environment="dev")).check()
    assert caught.value.permanent


def test_a_wake_without_a_good_proxy_token_starts_nothing(modal_world, credentials):
    url = modal_world.deploy().endpoint_url
    stranger = ModalProvider(replace(credentials, proxy_token_secret="ws-wrong"))
    with pytest.raises(ProviderError) as caught:
        stranger.send_wake(url)
    assert caught.value.permanent
    assert modal_world.containers() == []


def test_a_throttled_wake_is_transient_and_starts_nothing(modal_world):
    url = modal_world.deploy().endpoint_url
    modal_world.sandbox.control.set_fault("url_throttled")
    with pytest.raises(ProviderError) as caught:
        modal_world.provider.send_wake(url)
    assert not caught.value.permanent
    assert modal_world.containers() == []


def test_an_engine_that_dies_ends_its_container_with_the_tagged_line(modal_world):
    deployed = modal_world.deploy()
    began = modal_world.now()
    modal_world.wake(deployed.endpoint_url)
    (container,) = modal_world.containers()
    modal_world.sandbox.control.kill_engine(container.container_id)
    modal_world.until_no_container()
    entries = modal_world.provider.logs(deployed.app_id, since=began, until=modal_world.now())
    assert any(e.text.startswith("pilotlight: engine exited code=-9") for e in entries)
    assert modal_world.provider.ended_container(container.container_id).finished_at


def test_a_failed_download_says_why(modal_world):
    modal_world.deploy(volumes={})
    call = modal_world.provider.start_download(modal_world.app)
    modal_world.pass_time(
        lambda: modal_world.provider.download_state(call).outcome is not CallOutcome.RUNNING
    )
    state = modal_world.provider.download_state(call)
    assert state.outcome is CallOutcome.FAILED
    assert "No volume is mounted" in state.detail


def test_prices_are_per_second_by_resource(modal_world):
    prices = modal_world.provider.unit_prices()
    # H200 $4.5396 an hour = 0.001261 x 3600; a core 0.0000131 and a GiB 0.00000222 a second.
    assert prices["gpu:H200"] == Decimal("0.001261")
    assert prices["cpu"] == Decimal("0.0000131")
    assert prices["memory"] == Decimal("0.00000222")


def test_the_report_bills_what_the_panel_counts(modal_world):
    """A real run in the sandbox, moved two hours back since the running hour is in no report."""
    deployed = modal_world.deploy(cpu_cores=8.0, memory_gib=96.0)
    modal_world.wake(deployed.endpoint_url)
    (container,) = modal_world.containers()
    modal_world.provider.turn_off(modal_world.app)
    modal_world.until_no_container()
    modal_world.sandbox.control.backdate(7200.0)
    ran = modal_world.provider.ended_container(container.container_id)
    now = modal_world.now()
    rows = modal_world.provider.billing_report(now - timedelta(hours=4), now)
    mine = [row for row in rows if row.app_id == deployed.app_id]
    held = Resources("H200", 8, Decimal(8), Decimal(96))
    book = PriceBook.of([UnitPrice(name, usd, ran.started_at) for name, usd in USD_PER_S.items()])
    counted = interval_cost(held, book, ran.started_at, ran.finished_at).total_usd
    assert counted > Decimal("0.001")
    assert abs(sum(row.cost_usd for row in mine) - counted) < Decimal("0.0001")  # microseconds of the clock
    assert mine[0].app_name == modal_world.app
    assert {kind_of(name) for name in mine[0].by_resource} == {"gpu", "cpu", "memory"}


def test_a_plan_without_the_report_is_none_and_no_error(modal_world):
    modal_world.sandbox.control.set_fault("plan_without_billing", times=1)
    now = modal_world.now()
    assert modal_world.provider.billing_report(now - timedelta(hours=4), now) is None
    assert modal_world.provider.billing_report(now - timedelta(hours=4), now) is not None


def test_the_environments_own_budget_is_shown(modal_world):
    modal_world.sandbox.control.set_budget("main", "250")
    assert modal_world.provider.check().cycle_budget_usd == Decimal(250)


def test_threads_share_one_client(modal_world):
    """Celery's worker threads ask at the same time."""
    modal_world.deploy()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(modal_world.provider.find_app(modal_world.app)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({answer.app_id for answer in answers}) == 1
    assert len(answers) == 12


def test_a_forked_child_can_ask_too(modal_world):
    modal_world.provider.check()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if modal_world.provider.check().environment == "main" else 2)
        finally:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


DEPLOYER = """
import json, sys
from dataclasses import replace
from decimal import Decimal
from deployments.planning.spec import Spec
from deployments.providers.base import Credentials
from deployments.providers.modal_cloud import ModalProvider
given = json.loads(sys.stdin.read())
provider = ModalProvider(Credentials(**given["credentials"]))
provider.deploy(Spec.from_json(given["spec"]), slug="glm", release=1,
                on_line=lambda line: print(line, flush=True), cancelled=lambda: False)
"""


def deploys_of(app):
    """Processes of `modal deploy` for an app."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "deploy" in words and app in words:
            found.append(process)
    return found


def test_a_worker_that_is_killed_in_the_middle_of_a_deploy_leaves_no_deploy_behind(modal_world, credentials):
    modal_world.sandbox.control.set_fault("rpc_slow", rpcs=["FunctionCreate"], seconds=20.0)
    worker = subprocess.Popen(
        [sys.executable, "-c", DEPLOYER], cwd=ROOT, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    fields = ("token_id", "token_secret", "environment", "server_url")
    given = {name: getattr(credentials, name) for name in fields}
    worker.stdin.write(json.dumps({"credentials": given, "spec": modal_world.spec.to_json()}))
    worker.stdin.close()
    until(lambda: deploys_of(modal_world.app))
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    until(lambda: not deploys_of(modal_world.app), limit_s=10)


def test_a_deploy_that_is_cancelled_in_the_middle_ends_its_process(modal_world):
    modal_world.sandbox.control.set_fault("rpc_slow", rpcs=["FunctionCreate"], seconds=20.0)
    with pytest.raises(ProviderError, match="cancelled"):
        modal_world.provider.deploy(
            modal_world.spec, slug="glm", release=1, on_line=lambda line: None,
            cancelled=lambda: bool(deploys_of(modal_world.app)),
        )  # fmt: skip
    assert deploys_of(modal_world.app) == []
    assert modal_world.provider.find_app(modal_world.app) is None


def test_a_wake_survives_the_process_that_sent_it(modal_world, credentials):
    """The result URL is all that another process needs; no second request reaches the endpoint."""
    hop = modal_world.provider.send_wake(modal_world.deploy().endpoint_url)
    other = ModalProvider(credentials)

    def over():
        nonlocal hop
        hop = other.follow_wake(hop.result_url)
        return hop.outcome is not WakeOutcome.CONTINUES

    assert hop.outcome is WakeOutcome.CONTINUES
    modal_world.pass_time(over)
    assert hop.outcome is WakeOutcome.READY
    assert modal_world.reached() == 1
