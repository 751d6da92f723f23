"""The SDK is kept away from the machine's own settings and bounded in time."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.providers.base import Credentials, ProviderError
from deployments.providers.modal_cloud import ModalProvider, sdk

ROOT = Path(__file__).parents[4]


def credentials(server_url):
    return Credentials(token_id="ak-1", token_secret="as-1", environment="main", server_url=server_url)


@pytest.mark.slow
def test_a_developers_own_modal_settings_decide_nothing(tmp_path):
    """In a process of its own, since the SDK reads them when it is imported."""
    (tmp_path / ".modal.toml").write_text(
        '[mine]\ntoken_id = "ak-mine"\ntoken_secret = "as-mine"\nactive = true\n'
    )
    script = (
        "from deployments.providers.modal_cloud import sdk; from modal.config import config, config_profiles;"
        "print(list(config_profiles()), config.get('token_id'), config.get('max_throttle_wait'))"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, text=True, capture_output=True, check=True
    )
    assert done.stdout.split() == ["[]", "None", "15"]


def test_a_control_plane_that_refuses_connections_is_transient_and_given_up_soon(monkeypatch):
    monkeypatch.setattr(sdk, "CONNECT_LIMIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(ProviderError, match="in time") as caught:
        ModalProvider(credentials(url)).check()
    assert not caught.value.permanent


def test_a_control_plane_that_says_nothing_is_transient_and_given_up_soon(monkeypatch):
    monkeypatch.setattr(sdk, "CALL_LIMIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = ModalProvider(credentials(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with pytest.raises(ProviderError, match="in time") as caught:
            provider.containers()
    assert not caught.value.permanent


def test_a_client_is_opened_once_per_credentials_and_anew_when_it_went_bad():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mine = credentials(f"http://127.0.0.1:{silent.getsockname()[1]}")
        first = sdk.client_of(mine)
        assert sdk.client_of(mine) is first
        sdk.forget(mine)
        assert sdk.client_of(mine) is not first
        sdk.forget(mine)


def test_an_answer_that_comes_in_time_is_given():
    async def answer():
        await asyncio.sleep(0)
        return 7

    assert sdk.wait(answer, 1.0) == 7
