"""What every provider does. Each test runs against the fake one and against Modal's SDK on the sandbox."""

import json
from datetime import timedelta

import pytest

from deployments.engines.base import BootPhase, PhaseFact
from deployments.engines.registry import engine_for
from deployments.providers.base import CallOutcome, NotDeployed, ProviderError, Stats, WakeOutcome


def test_a_deploy_gives_an_address_and_can_be_found_again(world):
    deployed = world.deploy(release=4)
    found = world.provider.find_app(world.app)
    assert deployed.endpoint_url.startswith("http")
    assert (found.app_id, found.endpoint_url) == (deployed.app_id, deployed.endpoint_url)
    assert (found.name, found.release) == (world.app, 4)
    assert world.lines


def test_a_deploy_starts_no_container(world):
    world.deploy()
    assert world.containers() == []
    assert world.reached() == 0


def test_deploying_the_same_release_twice_is_harmless(world):
    first = world.deploy()
    second = world.deploy()
    assert first.changed
    assert world.containers() == []
    assert (second.app_id, second.endpoint_url) == (first.app_id, first.endpoint_url)


def test_another_release_keeps_the_address(world):
    first = world.deploy(release=1)
    second = world.deploy(release=2, max_num_seqs=16)
    assert second.changed
    assert second.endpoint_url == first.endpoint_url
    assert world.provider.find_app(world.app).release == 2


def test_a_cancelled_deploy_is_a_transient_error_and_leaves_nothing_deployed(world):
    with pytest.raises(ProviderError) as caught:
        world.provider.deploy(
            world.spec, slug="glm", release=1, on_line=lambda line: None, cancelled=lambda: True
        )
    assert not caught.value.permanent
    assert world.provider.find_app(world.app) is None


def test_what_is_not_deployed_has_no_app_and_no_stats(world):
    assert world.provider.find_app(world.app) is None
    with pytest.raises(NotDeployed):
        world.provider.stats(world.app)
    with pytest.raises(NotDeployed):
        world.provider.start_download(world.app)


def test_a_wake_goes_in_hops_until_the_server_is_ready(world):
    url = world.deploy().endpoint_url
    hop = world.wake(url)
    assert hop.outcome is WakeOutcome.READY
    (container,) = world.containers()
    assert container.gpu_count == 8
    assert container.gpu_type == "H200"
    assert container.enqueued_at <= container.started_at <= world.now()
    assert container.app_id == world.provider.find_app(world.app).app_id
    assert world.reached() == 1


def test_a_waking_server_has_its_request_in_the_backlog(world):
    deployed = world.deploy()
    hop = world.provider.send_wake(deployed.endpoint_url)
    assert hop.outcome is WakeOutcome.CONTINUES
    stats = world.provider.stats(world.app)
    assert stats.backlog + stats.running_inputs == 1
    world.pass_time(lambda: world.provider.follow_wake(hop.result_url).outcome is WakeOutcome.READY)
    assert world.provider.stats(world.app) == Stats(0, 0)


def test_a_result_that_nobody_knows_is_gone_and_starts_nothing(world):
    deployed = world.deploy()
    hop = world.provider.send_wake(deployed.endpoint_url)
    world.provider.turn_off(world.app)
    url = world.deploy(release=2).endpoint_url
    foreign = hop.result_url.rpartition("=")[0] + "=fc-unknown"
    assert url in foreign
    assert world.provider.follow_wake(foreign).outcome is WakeOutcome.RESULT_GONE
    assert world.containers() == []


def test_looking_never_keeps_a_server_awake(world):
    """Law 1: watched all the time, it goes out at its window, and nothing but the wake reached it."""
    deployed = world.deploy()
    world.wake(deployed.endpoint_url)
    (container,) = world.containers()
    ready_at = world.now()

    def look():
        world.provider.stats(world.app)
        world.provider.logs(deployed.app_id, since=ready_at, until=world.now())
        world.provider.find_app(world.app)
        return not world.containers()

    world.pass_time(look)
    assert world.reached() == 1
    ended = world.provider.ended_container(container.container_id)
    assert ended.started_at == container.started_at
    assert ready_at - timedelta(seconds=1) < ended.finished_at <= world.now()


def test_looking_never_wakes_a_server(world):
    deployed = world.deploy()
    for _ in range(3):
        world.provider.find_app(world.app)
        world.provider.stats(world.app)
        world.provider.logs(deployed.app_id, since=world.now() - timedelta(hours=1), until=world.now())
        world.provider.weights_present(world.spec.volumes["/root/.cache/huggingface"], world.spec.model)
        world.provider.unit_prices()
        assert world.provider.billing_report(world.now() - timedelta(hours=2), world.now()) is not None
        world.provider.check()
    assert world.containers() == []
    assert world.reached() == 0


def test_a_ping_is_one_request_to_the_lit_server(world):
    url = world.deploy().endpoint_url
    world.wake(url)
    world.provider.ping(url)
    assert world.reached() == 2
    assert len(world.containers()) == 1


def test_the_log_of_a_boot_names_its_phases_in_order_and_its_container(world):
    deployed = world.deploy()
    began = world.now()
    world.wake(deployed.endpoint_url)
    (container,) = world.containers()
    entries = [
        entry
        for entry in world.provider.logs(deployed.app_id, since=began, until=world.now())
        if entry.container_id == container.container_id
    ]
    facts = [fact for entry in entries for fact in engine_for("vllm").read(entry.text)]
    phases = list(dict.fromkeys(fact.phase for fact in facts if isinstance(fact, PhaseFact)))
    assert phases == [BootPhase.WEIGHTS, BootPhase.WARMUP, BootPhase.SERVER, BootPhase.READY]
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert all(began <= entry.at <= world.now() for entry in entries)


def test_an_interval_without_lines_is_empty(world):
    deployed = world.deploy()
    long_ago = world.now() - timedelta(days=2)
    assert world.provider.logs(deployed.app_id, since=long_ago, until=long_ago + timedelta(hours=1)) == []


def test_a_stopped_container_ends_and_the_address_stays(world):
    url = world.deploy().endpoint_url
    world.wake(url)
    (container,) = world.containers()
    world.provider.stop_container(container.container_id, graceful=False)
    world.until_no_container()
    world.provider.stop_container(container.container_id, graceful=False)
    world.pass_time(lambda: world.provider.ended_container(container.container_id).finished_at)
    assert world.provider.find_app(world.app).endpoint_url == url


def test_a_container_that_never_was_is_unknown_and_stopping_it_no_error(world):
    world.provider.stop_container("ta-never", graceful=True)
    assert world.provider.ended_container("ta-never") is None


def test_turned_off_it_has_no_container_and_cannot_be_woken(world):
    url = world.deploy().endpoint_url
    world.wake(url)
    world.provider.turn_off(world.app)
    world.until_no_container()
    assert world.provider.find_app(world.app) is None
    with pytest.raises(NotDeployed):
        world.provider.send_wake(url)
    assert world.containers() == []


def test_turning_off_twice_or_what_never_was_is_no_error(world):
    world.deploy()
    world.provider.turn_off(world.app)
    world.provider.turn_off(world.app)
    world.provider.turn_off("never-deployed")


def test_turned_off_it_can_be_deployed_again(world):
    world.deploy(release=1)
    world.provider.turn_off(world.app)
    again = world.deploy(release=1)
    assert again.changed
    assert world.wake(again.endpoint_url).outcome is WakeOutcome.READY


def test_secrets_can_be_written_twice_and_are_missed_until_then(world):
    name = f"secret-{world.app}"
    assert world.provider.missing_secrets([name]) == [name]
    for value in ("one", "two"):
        world.provider.write_secrets({name: {"KEY": value}})
    assert world.provider.missing_secrets([name]) == []
    assert world.provider.missing_keys(name, ["KEY", "OTHER"]) == ["OTHER"]
    with pytest.raises(ProviderError):
        world.provider.missing_keys(f"no-{name}", ["KEY"])


def test_a_download_runs_without_gpus_and_fills_the_volume(world):
    volume = world.spec.volumes["/root/.cache/huggingface"]
    world.deploy()
    assert world.provider.missing_volumes([volume, f"no-{volume}"]) == [f"no-{volume}"]
    world.empty_volume()
    assert world.provider.weights_facts(volume, world.spec.model).whole is False
    assert world.provider.model_config(volume, world.spec.model) is None
    call = world.provider.start_download(world.app)
    assert world.provider.download_state(call).outcome is CallOutcome.RUNNING
    seen = []

    def has_begun():  # while it is queued, how many GPUs it has is not known yet
        seen[:] = [c for c in world.containers() if c.started_at]
        return seen

    world.pass_time(has_begun)
    assert {c.gpu_count for c in seen} == {0}
    world.pass_time(lambda: world.provider.download_state(call).outcome is not CallOutcome.RUNNING)
    assert world.provider.download_state(call).outcome is CallOutcome.DONE
    assert world.provider.weights_present(volume, world.spec.model) is True
    assert world.provider.weights_facts(volume, world.spec.model).files > 100
    asked = world.reached()
    assert json.loads(world.provider.model_config(volume, world.spec.model))["num_hidden_layers"] > 0
    assert world.reached() == asked, "a look into the volume wakes nothing"


def test_a_cancelled_download_has_failed_and_can_be_cancelled_again(world):
    world.deploy()
    world.empty_volume()
    call = world.provider.start_download(world.app)
    world.provider.cancel_download(call)
    world.pass_time(lambda: world.provider.download_state(call).outcome is CallOutcome.FAILED)
    world.provider.cancel_download(call)
    world.until_no_container()


def test_a_download_that_is_not_known_has_failed(world):
    assert world.provider.download_state("fc-unknown").outcome is CallOutcome.FAILED


def test_the_account_is_named(world):
    facts = world.provider.check()
    assert facts.environment == "main"
    assert facts.workspace


def test_a_proxy_token_is_listed_until_it_is_revoked(world):
    made = world.provider.create_proxy_token()
    assert world.provider.proxy_token_holds(made.token_id)
    world.provider.revoke_proxy_token(made.token_id)
    world.provider.revoke_proxy_token(made.token_id)
    assert not world.provider.proxy_token_holds(made.token_id)


def test_proxy_tokens_differ_and_hide_their_secret(world):
    first, second = world.provider.create_proxy_token(), world.provider.create_proxy_token()
    assert first.token_id != second.token_id
    assert first.token_secret not in repr(first)


def test_apps_are_listed_and_ended_by_their_ids(world):
    world.deploy()
    (listed,) = [app for app in world.provider.apps() if app.name == world.app]
    assert (listed.by_pilotlight, listed.slug) == (True, "glm")
    world.provider.end_app(listed.app_id)
    world.provider.end_app(listed.app_id)
    assert world.provider.find_app(world.app) is None
    assert world.app not in [app.name for app in world.provider.apps()]
    world.provider.end_app("ap-00000000000000000000no")
