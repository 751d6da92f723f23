"""The outside is called only while the panel looks after what is lit; its silence is the alarm."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deployments import tasks
from deployments.models import Account, Deployment, Heartbeat, Lease, Orphan, OrphanContainer
from deployments.services import budget_round, deadman

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.get_default_timezone())


class Receiver(HTTPServer):
    """Answers `status` and keeps what was asked for."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        settings.DEADMAN_URL = f"http://127.0.0.1:{server.server_port}/ping/s3cret?from=panel"
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def account() -> Account:
    """Everything is well: rounds were made, and the account with something lit was just seen."""
    for part in (deadman.WORKER, deadman.RECONCILED, deadman.BUDGETED):
        deadman.note(part, NOW)
    made = Account.objects.create(name="Fake", seen_at=NOW)
    orphan = Orphan.objects.create(
        account=made, app_id="ap-1", app_name="x", kind="panel", first_seen_at=NOW, last_seen_at=NOW
    )
    OrphanContainer.objects.create(orphan=orphan, container_id="ta-1", last_seen_at=NOW)
    return made


def test_it_is_called_while_all_is_well(receiver: Receiver) -> None:
    assert deadman.call(now=NOW)
    assert receiver.asked == ["/ping/s3cret?from=panel"]
    report = deadman.report(NOW)
    assert (report.is_set, report.called_at, report.withheld) == (True, NOW, [])


@pytest.mark.parametrize("part", [deadman.WORKER, deadman.RECONCILED, deadman.BUDGETED])
@pytest.mark.parametrize("off_s", [-61, 61])
def test_it_is_withheld_where_a_round_is_late_or_the_clock_was_moved(
    receiver: Receiver, part: str, off_s: int
) -> None:
    Heartbeat.objects.filter(name=part).update(at=NOW + timedelta(seconds=off_s))
    assert not deadman.call(now=NOW)
    assert receiver.asked == []


@pytest.mark.parametrize(
    ("seen", "reasons"),
    [
        ({"blind_since": NOW}, 1),
        ({"seen_at": NOW - timedelta(seconds=121)}, 1),
        ({"seen_at": None}, 1),
        ({"seen_at": NOW - timedelta(seconds=65)}, 0),  # what nothing explains is looked at once a minute
    ],
)
def test_it_is_withheld_where_nobody_sees_what_is_lit(
    account: Account, seen: dict[str, Any], reasons: int
) -> None:
    Account.objects.filter(pk=account.pk).update(**seen)
    assert len(deadman.withheld(NOW)) == reasons
    OrphanContainer.objects.update(ended_at=NOW)  # nothing is lit: not being seen costs nothing
    assert deadman.withheld(NOW) == []


def test_what_a_lease_holds_has_to_be_seen_every_minute(account: Account) -> None:
    row = Deployment.objects.create(slug="glm", name="GLM", account=account)
    Lease.objects.create(deployment=row, holder_name="Ben", via="page", created_at=NOW)
    Account.objects.update(seen_at=NOW - timedelta(seconds=61))
    assert len(deadman.withheld(NOW)) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_is_none_is_noted_and_no_redirect_followed(
    receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.status = status
    assert not deadman.call(now=NOW)
    assert len(receiver.asked) == 1
    assert deadman.report(NOW).failed_at == NOW
    assert "s3cret" not in caplog.text + "".join(capsys.readouterr())


def test_an_address_that_is_away_hurts_nothing(settings: Any) -> None:
    settings.DEADMAN_URL = "http://127.0.0.1:9/s3cret"
    assert not deadman.call(now=NOW)


def test_a_round_in_which_something_failed_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_round, "go_round", lambda: False)
    tasks.budgets()
    assert Heartbeat.objects.get(name=deadman.BUDGETED).at == NOW


def test_the_command_says_why_it_is_withheld(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="no worker has reported for a minute"):
        call_command("deadman")  # the rounds are of a day that is not today
    assert "DEADMAN_URL is not set" in capsys.readouterr().out
