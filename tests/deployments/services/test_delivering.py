"""Sending notices when receivers fail, are slow, or have much waiting."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from deployments.models import ChannelKind, Delivery, NotificationChannel
from deployments.services import delivering, notify, outgoing, payloads

pytestmark = pytest.mark.django_db


def channel(kind: ChannelKind, target: str) -> NotificationChannel:
    secret = payloads.new_secret()
    return NotificationChannel.objects.create(name=target, kind=kind, target=target, shown="x", secret=secret)


def test_one_address_that_is_refused_has_the_others_of_its_channel_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(subject: str, body: str, sender: None, to: list[str]) -> None:
        if to == ["ben@example.org"]:
            raise OSError
        mail.outbox.append(mail.EmailMessage(subject, body, to=to))

    monkeypatch.setattr(delivering, "send_mail", send)
    channel(ChannelKind.MAIL, "anna@example.org, ben@example.org, team@example.org")
    notify.tell("budget", "Half is spent.")
    at = timezone.now()
    for minutes in range(9):
        delivering.deliver_due(now=at + timedelta(minutes=minutes))
    assert sorted(one.to[0] for one in mail.outbox) == ["anna@example.org", "team@example.org"]


def test_what_waits_for_a_dead_receiver_stands_before_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    def post(url: str, body: bytes, headers: Any) -> None:
        if "dead" in url:
            raise outgoing.NotSent("It did not answer in time.")

    monkeypatch.setattr(outgoing, "post", post)
    channel(ChannelKind.SLACK, "https://dead.example/")
    for number in range(60):
        notify.tell("budget", f"Told {number}.")
    channel(ChannelKind.SLACK, "https://alive.example/")
    notify.tell("budget", "The last.")
    assert delivering.deliver_due() == 1
    assert Delivery.objects.filter(attempts__gt=0).count() == 2


def test_a_long_round_claims_from_the_moment_of_each_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers: the second finds nothing to send while the first is at a receiver late in its round."""
    passed, again = timedelta(0), list[int]()
    began = timezone.now()

    def now() -> datetime:
        return began + timedelta(seconds=5) + passed

    def slow(url: str, body: bytes, headers: Any) -> None:
        nonlocal passed
        passed += timedelta(seconds=7)
        if "c9" in url:
            again.append(delivering.deliver_due())

    for number in range(10):
        channel(ChannelKind.SLACK, f"https://c{number}.example/")
    notify.tell("budget", "Half is spent.")
    monkeypatch.setattr(outgoing, "post", slow)
    monkeypatch.setattr(timezone, "now", now)
    assert (delivering.deliver_due(), again) == (10, [0])
