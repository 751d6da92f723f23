"""The SDK is kept away from the machine's own settings and bounded in time."""

import asyncio
import os
import socket

import modal.config
import pytest

from deployments.providers.base import Credentials, ProviderError
from deployments.providers.modal_cloud import ModalProvider, sdk


def credentials(server_url):
    return Credentials(token_id="ak-1", token_secret="as-1", environment="main", server_url=server_url)


def test_a_developers_own_modal_settings_decide_nothing():
    assert modal.config.user_config_path == os.devnull
    assert list(modal.config.config_profiles()) == []
    assert modal.config.config.get("max_throttle_wait") == 15


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
