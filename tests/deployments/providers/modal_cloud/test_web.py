"""Wake, follow and ping: what each answer of the endpoint means."""

import socket
import threading
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deployments.providers.base import Credentials, NotDeployed, ProviderError, WakeOutcome
from deployments.providers.modal_cloud import ModalProvider, web

CREDENTIALS = Credentials(
    token_id="ak-1",
    token_secret="as-1",
    environment="main",
    speed=Decimal(1000),
    proxy_token_id="wk-1",
    proxy_token_secret="ws-very-secret",
)


class Endpoint:
    """A web address that gives one scripted answer to everything and remembers what it was asked."""

    def __init__(self):
        self.status, self.location, self.body = 200, "", ""
        self.seen = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                endpoint.seen.append((self.path, dict(self.headers)))
                self.send_response(endpoint.status)
                if endpoint.location:
                    self.send_header("Location", endpoint.location)
                self.end_headers()
                self.wfile.write(endpoint.body.encode())

            do_POST = do_GET

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/app-serve"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, status, location="", body=""):
        self.status, self.location, self.body = status, location, body


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def provider():
    return ModalProvider(CREDENTIALS)


def test_a_wake_is_one_get_of_health_with_the_proxy_token(endpoint, provider):
    assert provider.send_wake(endpoint.url).outcome is WakeOutcome.READY
    ((path, headers),) = endpoint.seen
    assert path == "/app-serve/health"
    assert (headers["Modal-Key"], headers["Modal-Secret"]) == ("wk-1", "ws-very-secret")
    assert set(headers) == {"Host", "Accept-Encoding", "Modal-Key", "Modal-Secret"}


def test_a_redirect_to_the_result_is_not_followed_but_handed_over(endpoint, provider):
    endpoint.answer(303, location="/app-serve/health?__modal_function_call_id=fc-1")
    hop = provider.send_wake(endpoint.url)
    assert hop.outcome is WakeOutcome.CONTINUES
    assert hop.result_url == f"{endpoint.url}/health?__modal_function_call_id=fc-1"
    assert len(endpoint.seen) == 1


def test_a_result_url_is_asked_with_its_query(endpoint, provider):
    provider.follow_wake(f"{endpoint.url}/health?__modal_function_call_id=fc-1")
    assert endpoint.seen[0][0] == "/app-serve/health?__modal_function_call_id=fc-1"


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/take", "//evil.example/x", "http://127.0.0.1:1/x", "http://127.0.0.1:x/", ""],
)
def test_the_token_is_never_sent_to_another_site(endpoint, provider, location):
    endpoint.answer(303, location=location)
    hop = provider.send_wake(endpoint.url)
    assert hop.outcome is WakeOutcome.FAILED
    assert hop.result_url == ""


@pytest.mark.parametrize("method", ["send_wake", "follow_wake", "ping"])
@pytest.mark.parametrize(("status", "permanent"), [(401, True), (403, True), (429, False)])
def test_refused_and_throttled_are_errors_with_the_vendors_words(
    endpoint, provider, method, status, permanent
):
    endpoint.answer(status, body="modal-http: said so")
    with pytest.raises(ProviderError, match="modal-http: said so") as caught:
        getattr(provider, method)(endpoint.url)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_there_means_not_deployed_to_a_wake_and_gone_to_a_follower(endpoint, provider, status):
    endpoint.answer(status, body="modal-http: invalid function call")
    with pytest.raises(NotDeployed, match="invalid function call"):
        provider.send_wake(endpoint.url)
    with pytest.raises(NotDeployed):
        provider.ping(endpoint.url)
    assert provider.follow_wake(endpoint.url).outcome is WakeOutcome.RESULT_GONE


@pytest.mark.parametrize("status", [400, 408])
def test_any_other_answer_is_a_failed_wake_in_the_vendors_words(endpoint, provider, status):
    endpoint.answer(status, body="modal-http: internal error: function\nterminated")
    for hop in (provider.send_wake(endpoint.url), provider.follow_wake(endpoint.url)):
        assert hop.outcome is WakeOutcome.FAILED
        assert hop.detail == f"{status} modal-http: internal error: function terminated"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_hiccup_on_the_way_ends_no_boot(endpoint, provider, status):
    endpoint.answer(status, body="modal-http: internal error: function\nterminated")
    for hop in (provider.send_wake, provider.follow_wake):
        with pytest.raises(ProviderError, match=f"{status} modal-http: internal error") as caught:
            hop(endpoint.url)
        assert not caught.value.permanent


def test_a_ping_that_is_not_answered_well_is_transient(endpoint, provider):
    endpoint.answer(503)
    with pytest.raises(ProviderError, match="503") as caught:
        provider.ping(endpoint.url)
    assert not caught.value.permanent


def test_a_server_that_never_answers_is_given_up_as_transient(provider, monkeypatch):
    monkeypatch.setattr(web, "_WAY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for ask in (provider.send_wake, provider.follow_wake):
            with pytest.raises(ProviderError, match="did not answer") as caught:
                ask(url)
            assert not caught.value.permanent


def test_a_server_that_cannot_be_reached_is_transient_and_named_without_secrets(provider):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1 could not be reached") as caught:
        provider.send_wake(f"http://127.0.0.1:{port}")
    assert not caught.value.permanent
    assert "ws-very-secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", ""])
def test_the_token_goes_out_encrypted_or_not_at_all(provider, url):
    with pytest.raises(ProviderError, match="no address of a server") as caught:
        provider.send_wake(url)
    assert caught.value.permanent


def test_a_hop_lasts_modals_150_s_at_the_accounts_speed():
    # 150 s of life / 20 = 7.5 s, and 20 s for the way, which no speed shortens.
    assert web._hop_limit_s(replace(CREDENTIALS, speed=Decimal(20))) == 27.5
    assert web._hop_limit_s(replace(CREDENTIALS, speed=Decimal(1))) == 170


def test_a_warm_up_sends_each_body_twice_with_both_secrets_and_says_what_failed(endpoint, provider):
    provider.warm_up(endpoint.url, engine_key="sk-1", bodies=[b"{}", b"{}"], limit_s=5)
    assert [path for path, _ in endpoint.seen] == ["/app-serve/v1/completions"] * 4
    assert {(sent["Authorization"], sent["Modal-Key"]) for _, sent in endpoint.seen} == {
        ("Bearer sk-1", "wk-1")
    }
    endpoint.answer(400, body="too long")
    with pytest.raises(ProviderError, match="400 too long"):
        provider.warm_up(endpoint.url, engine_key="sk-1", bodies=[b"{}"], limit_s=5)


def test_answer_that_says_secrets_back_is_kept_without_them(endpoint):
    endpoint.answer(500, body="\x00no ws-very\x00-secret, no Bearer sk-of-the-engine")
    with pytest.raises(ProviderError) as raised:
        web.warm_up(CREDENTIALS, endpoint.url, engine_key="sk-of-the-engine", bodies=[b"{}"], limit_s=5)
    assert "no ***, no Bearer ***" in raised.value.message
    assert "\x00" not in raised.value.message
