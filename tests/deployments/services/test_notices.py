"""Telling people: written with what it tells, sent at least once, to receivers that may be dead."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail
from django.db import transaction
from django.utils import timezone

from deployments.models import Delivery, Notice, NotificationChannel
from deployments.planning.power import Role
from deployments.providers.base import ProviderError
from deployments.services import channels, delivering, notify, outgoing, payloads
from deployments.services.channels import ChannelWish
from deployments.services.errors import Refused

from .conftest import Panel, actor

ADMIN = actor(Role.ADMIN, name="Anna")


class Receiver(ThreadingHTTPServer):
    """A real receiver of webhooks; `status` is what it answers."""

    daemon_threads = True
    status = 200

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/services/T0/very-secret"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.NOTIFY_PRIVATE_ADDRESSES = True
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def channel(url: str, kind: str = "webhook", **more: Any) -> NotificationChannel:
    return channels.add(
        ChannelWish(f"c{NotificationChannel.objects.count()}", kind, url, **more), actor=ADMIN
    )


@pytest.fixture
def boss(db: None) -> None:
    made = get_user_model().objects.create_user("boss", email="boss@example.org")
    made.groups.add(Group.objects.get_or_create(name="Admin")[0])


@pytest.mark.django_db
def test_a_signed_webhook_can_be_verified_as_the_specification_says(receiver: Receiver) -> None:
    made = channel(receiver.url)
    notify.tell("outside", "GLM was lit.", more="Look.", facts={"run": 3})
    assert delivering.deliver_due() == 1
    _, headers, body = receiver.got[0]
    told = json.loads(body)
    assert (told["kind"], told["text"], told["facts"], told["deployment"]) == (
        "outside",
        "GLM was lit.",
        {"run": 3},
        None,
    )
    assert told["id"] == headers["webhook-id"] == Notice.objects.get().public_id
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mark}"
    assert delivering.deliver_due() == 0


def test_the_signature_is_that_of_the_specifications_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, its libraries' shared example."""
    at = timezone.datetime.fromtimestamp(1614265330, tz=timezone.get_default_timezone())
    headers = payloads.signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.django_db
def test_slack_gets_text_without_markup_of_ours(receiver: Receiver) -> None:
    channel(receiver.url, "slack", events=("budget",))
    notify.tell("budget", "<!channel> A & B")
    notify.tell("outside", "not for this channel")
    delivering.deliver_due()
    assert [json.loads(body) for _, _, body in receiver.got] == [{"text": "&lt;!channel&gt; A &amp; B"}]


@pytest.mark.django_db
def test_what_does_not_arrive_is_tried_again_with_the_same_id_and_given_up_in_the_end(
    receiver: Receiver,
) -> None:
    made, now = channel(receiver.url), timezone.now() + timedelta(seconds=1)
    receiver.status = 302  # a redirect is not followed
    notify.tell("budget", "Half is spent.")
    delivering.deliver_due(now=now)
    delivering.deliver_due(now=now + timedelta(seconds=9))
    assert [path for path, _, _ in receiver.got] == ["/services/T0/very-secret"]
    assert NotificationChannel.objects.get().last_error == "It answered 302."
    receiver.status = 200
    assert delivering.deliver_due(now=now + timedelta(seconds=10)) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    made.refresh_from_db()
    assert (made.last_error, made.last_ok_at) == ("", now + timedelta(seconds=10))
    notify.tell("budget", "All is spent.")
    Delivery.objects.filter(done_at__isnull=True).update(attempts=15)
    receiver.status = 500
    delivering.deliver_due(now=timezone.now() + timedelta(seconds=5))
    assert Delivery.objects.filter(given_up_at__isnull=False).count() == 1


@pytest.mark.django_db
def test_a_receiver_that_hangs_costs_one_timeout_and_holds_up_nobody(
    receiver: Receiver, boss: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "WHOLE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts and never says anything
        channel(f"http://127.0.0.1:{mute.getsockname()[1]}/")
        channel(receiver.url)
        for words in ("One.", "Two."):
            notify.tell("budget", words)
        assert delivering.deliver_due() == 4  # two mails, two webhooks
        mute.settimeout(0.2)
        mute.accept()[0].close()
        with pytest.raises(TimeoutError):  # it was asked once
            mute.accept()
    assert len(receiver.got) == len(mail.outbox) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://10.0.0.1/", "http://169.254.169.254/",
        "http://[::ffff:127.0.0.1]:9/", "http://[64:ff9b::7f00:1]:9/", "http://[2002:7f00:1::]:9/",
        "http://[::127.0.0.1]:9/", "http://0.0.0.0:9/", "http://2130706433:9/",
    ],
)  # fmt: skip
def test_this_machine_and_private_networks_are_not_reached(url: str) -> None:
    with pytest.raises(outgoing.NotSent) as caught:
        outgoing.post(url, b"{}", {})
    assert "private network" in str(caught.value)


def test_a_receiver_that_drips_is_cut_off() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, outgoing.cut_after(0.01, ours):
        ours.settimeout(10)
        assert ours.recv(1) == b"", "the wait ends though nothing came and nothing was closed there"


@pytest.mark.parametrize(
    "url", ["ftp://a/", "file:///etc/passwd", "//a", "http://u:p@a/", "http:///x", "http://a\n/"]
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(outgoing.NotSent):
        outgoing.check(url)


@pytest.mark.django_db
def test_it_stands_and_falls_with_what_it_tells_and_is_told_once(boss: None) -> None:
    with transaction.atomic():
        notify.tell("bill", "It differs.", once="x")
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    for _ in range(2):
        notify.tell("bill", "It differs.", once="x", also_to=["boss@example.org", "ben@example.org"])
    delivering.deliver_due()
    assert sorted(message.to[0] for message in mail.outbox) == ["ben@example.org", "boss@example.org"]


@pytest.mark.django_db
def test_secrets_of_a_channel_are_in_no_text_of_it(receiver: Receiver) -> None:
    made = channel(receiver.url)
    receiver.status = 500
    said = channels.send_test(made.pk, actor=ADMIN)
    made.refresh_from_db()
    told = [
        said,
        repr(made),
        str(made),
        made.shown,
        made.last_error,
        repr(ChannelWish("a", "slack", receiver.url)),
    ]
    assert said == "It answered 500."
    assert not [text for text in told if "very-secret" in text or made.secret in text]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (ChannelWish("", "mail", "a@example.org"), "name"),
        (ChannelWish("a", "pigeon", "a@example.org"), "kind"),
        (ChannelWish("a", "mail", "a@example.org, b"), "target"),
        (ChannelWish("a", "slack", "ftp://a"), "target"),
        (ChannelWish("a", "webhook", "https://a.example", secret="whsec_short"), "secret"),
        (ChannelWish("a", "mail", "a@example.org", events=["weather"]), "events"),
    ],
)
def test_what_makes_no_channel_is_refused_by_name(wish: ChannelWish, field: str) -> None:
    with pytest.raises(Refused) as caught:
        channels.add(wish, actor=ADMIN)
    assert field in caught.value.fields
    with pytest.raises(Refused):
        channels.add(ChannelWish("a", "mail", "a@example.org"), actor=actor(Role.OPERATOR))


def test_a_failed_start_and_a_blind_provider_are_told_once_each(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    panel.provider.restarts_crashed = False
    (container,) = panel.provider.containers()
    panel.provider.kill_container(
        container.container_id, line="RuntimeError: Engine core initialization failed."
    )
    panel.advance(120)
    (failed,) = Notice.objects.filter(kind="failed")
    assert "was turned off" in failed.text
    assert "It burned $" in failed.more
    panel.provider.fail_next("containers", ProviderError("503", permanent=False), times=10)
    panel.advance(100)
    assert Notice.objects.filter(kind="blind").count() == 1
