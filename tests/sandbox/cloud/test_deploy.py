"""The real `modal` command deploys, lists, rolls back and stops."""

import json

import modal
import pytest

from .conftest import APPS, Cloud, fetch, wait_until

pytestmark = pytest.mark.slow


def deploy_by_command(cloud: Cloud, name: str, *, tag: str = "r1", **spec: object):
    arguments = ("deploy", str(APPS / "web_app.py"), "--name", name, "--tag", tag, "--strategy", "recreate")
    return cloud.cli(*arguments, spec={"app": name, **spec})


def test_deploy_command_streams_the_build_and_prints_the_url(cloud: Cloud) -> None:
    done = deploy_by_command(cloud, "command")
    assert done.returncode == 0, done.stderr
    assert f"{cloud.sandbox.web_url}/sandbox--command-serve" in done.stdout
    assert "FROM example/command:1" in done.stdout
    assert "ENV PILOT" in done.stdout


def test_deploy_carries_what_the_module_asks_for_unscaled(cloud: Cloud) -> None:
    cloud.deploy("carries", scaledown=900, startup=3600, max_inputs=40, proxy_auth=True)
    calls = cloud.control.calls("FunctionCreate")
    asked = next(
        c["request"]["function"] for c in calls if c["request"]["function"]["function_name"] == "serve"
    )
    assert asked["resources"]["gpu_config"] == {"count": 8, "gpu_type": "H200"}
    assert asked["autoscaler_settings"] == {"max_containers": 1, "scaledown_window": 900}
    assert asked["startup_timeout_secs"] == 3600
    assert asked["max_concurrent_inputs"] == 40
    assert asked["webhook_config"]["requires_proxy_auth"] is True
    assert asked["volume_mounts"][0]["mount_path"] == "/root/.cache/huggingface"


def test_secrets_are_in_no_recorded_call(cloud: Cloud) -> None:
    modal.Secret.objects.create("recorded", {"KEY": "very-secret-value"}, client=cloud.client)
    cloud.deploy("redacted")
    recorded = json.dumps(cloud.control.calls())
    assert "SecretGetOrCreate" in recorded
    assert '"KEY": "***"' in recorded
    assert "very-secret-value" not in recorded
    assert cloud.sandbox.token_secret not in recorded


def test_missing_secret_fails_with_its_name(cloud: Cloud) -> None:
    modal.Secret.objects.delete("model-key", client=cloud.client)
    try:
        done = deploy_by_command(cloud, "missing")
    finally:
        modal.Secret.objects.create("model-key", {"MODEL_KEY": "hush-hush"}, client=cloud.client)
    assert done.returncode == 1
    assert "Secret 'model-key' not found" in done.stdout + done.stderr


def test_wrong_token_is_refused(cloud: Cloud) -> None:
    cloud.sandbox.environ["MODAL_TOKEN_SECRET"], right = (
        "as-wrong",
        cloud.sandbox.environ["MODAL_TOKEN_SECRET"],
    )
    try:
        done = deploy_by_command(cloud, "refused")
    finally:
        cloud.sandbox.environ["MODAL_TOKEN_SECRET"] = right
    assert done.returncode == 1
    assert "Token validation failed" in done.stdout + done.stderr


def test_failing_build_ends_the_deploy_with_its_log(cloud: Cloud) -> None:
    cloud.control.set_fault("build_fails", log="manifest for example/unbuilt:1 not found", times=1)
    done = deploy_by_command(cloud, "unbuilt")
    assert done.returncode == 1
    assert "manifest for example/unbuilt:1 not found" in done.stdout + done.stderr
    assert deploy_by_command(cloud, "unbuilt").returncode == 0


def test_deploy_without_changes_is_skipped(cloud: Cloud) -> None:
    cloud.deploy("same")
    assert "no changes" in deploy_by_command(cloud, "same").stdout
    cloud.deploy("same", max_inputs=3)
    history = json.loads(cloud.cli("app", "history", "same", "--json").stdout)
    assert [row["version"] for row in history] == ["v2", "v1"]


def test_rollback_makes_the_earlier_version_run(cloud: Cloud) -> None:
    url = cloud.deploy("back", tag="r1", max_inputs=3)
    cloud.deploy("back", tag="r2", max_inputs=5)
    done = cloud.cli("app", "rollback", "back", "v1")
    assert done.returncode == 0, done.stderr
    fetch(url)
    (container,) = cloud.containers("back")
    calls = [c["request"]["function"] for c in cloud.control.calls("FunctionCreate")]
    assert [c["max_concurrent_inputs"] for c in calls if c["function_name"] == "serve"] == [3, 5]
    history = json.loads(cloud.cli("app", "history", "back", "--json").stdout)
    assert [(row["version"], row["tag"]) for row in history] == [("v3", "r1"), ("v2", "r2"), ("v1", "r1")]
    assert container["function"] == "serve"


def test_rollover_replaces_the_container(cloud: Cloud) -> None:
    url = cloud.deploy("over")
    fetch(url)
    (old,) = cloud.containers("over", running=True)
    assert cloud.cli("app", "rollover", "over").returncode == 0
    wait_until(lambda: old["id"] in [c["id"] for c in cloud.containers("over", running=False)])
    assert fetch(url).json()["MODAL_TASK_ID"] != old["id"]


def test_redeploy_with_recreate_ends_the_old_container(cloud: Cloud) -> None:
    url = cloud.deploy("anew", max_inputs=3)
    fetch(url)
    (old,) = cloud.containers("anew", running=True)
    assert cloud.deploy("anew", max_inputs=4) == url
    assert old["id"] in [c["id"] for c in cloud.containers("anew", running=False)]
    assert fetch(url).json()["MODAL_TASK_ID"] != old["id"]


def test_stopped_app_is_gone_until_it_is_deployed_again(cloud: Cloud) -> None:
    url = cloud.deploy("off")
    fetch(url)
    assert cloud.cli("app", "stop", "off", "--yes").returncode == 0
    gone = fetch(url)
    assert (gone.status, gone.body) == (404, b"modal-http: invalid function call")
    wait_until(lambda: not cloud.containers("off", running=True))
    with pytest.raises(modal.exception.NotFoundError):
        cloud.function("off").hydrate(cloud.client)
    rows = json.loads(cloud.cli("app", "list", "--json").stdout)
    assert [row["state"] for row in rows if row["description"] == "off"] == ["stopped"]
    assert cloud.deploy("off") == url
    assert fetch(url).status == 200


def test_tags_name_the_apps_of_the_panel(cloud: Cloud) -> None:
    cloud.deploy("tagged")
    assert modal.App.lookup("tagged", client=cloud.client).get_tags() == {"managed-by": "tests"}


def test_container_list_and_stop_by_command(cloud: Cloud) -> None:
    fetch(cloud.deploy("listed"))
    (row,) = [
        r for r in json.loads(cloud.cli("container", "list", "--json").stdout) if r["app_name"] == "listed"
    ]
    assert row["start_time"] != "Pending"
    assert cloud.cli("container", "stop", row["container_id"], "--yes").returncode == 0
    wait_until(lambda: not cloud.containers("listed", running=True))
