"""Each alarm has a runbook, and what the runbooks and rules name exists."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client import generate_latest

from controlpanel.oncall import queues
from controlpanel.oncall.collecting import registry
from controlpanel.oncall.runbooks import runbooks
from controlpanel.oncall.verdicts import CHECK_IDS
from deployments.services.notify import KINDS
from tests.deployments.pages.states import States

TEXT = (Path(__file__).resolve().parents[3] / "docs/operations.md").read_text()
ALARMS = {*CHECK_IDS, *KINDS}


def test_every_alarm_has_one_runbook_and_every_runbook_its_alarm() -> None:
    named = [book.id for book in runbooks()]
    assert sorted(named) == sorted(ALARMS)


def test_each_is_headed_by_plain_words_with_the_id_beside_them() -> None:
    assert runbooks()
    for book in runbooks():
        assert len(book.title.split()) > 2, book.title
        assert book.title[0].isupper()
        assert f"### {book.title} (`{book.id}`)\n" in TEXT


@pytest.mark.django_db
def test_alarms_lead_to_their_runbook_by_its_id(browser: Callable[..., Client]) -> None:
    client = browser()
    page = client.get("/on-call/runbooks/").content.decode()
    linked = set(re.findall(r"/on-call/runbooks/#([^\"]+)", client.get("/on-call/").content.decode()))
    assert linked
    for anchor in linked | {f"runbook-{kind}" for kind in KINDS}:
        assert f'<section class="section prose runbook" id="{anchor}"' in page
    assert "A start failed or a server died <code>failed</code></h2>" in page


@pytest.mark.parametrize("book", runbooks(), ids=lambda book: book.id)
def test_each_says_what_it_means_what_to_look_at_and_what_to_do(book: object) -> None:
    for part in ("What it means.", "What to look at.", "What to do.", "modal app stop"):
        assert part in book.html


def test_the_provider_knows_the_command() -> None:
    modal = [sys.executable, "-m", "modal", "app", "stop", "--help"]
    said = subprocess.run(modal, capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^modal app stop.*$", TEXT, re.MULTILINE))
    assert commands
    for option in {word for command in commands for word in command.split() if word.startswith("--")}:
        assert option in said


@pytest.mark.django_db
def test_the_rules_name_metrics_that_exist(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "read", lambda: queues.Broker((queues.Queue("control", 0, None),), 0, 0.001))
    states.ready()
    told = set(re.findall(r"^# TYPE (\S+)", generate_latest(registry(timezone.now())).decode(), re.MULTILINE))
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
    (rules,) = [block["groups"][0]["rules"] for block in blocks if "groups" in block]
    named = {name for rule in rules for name in re.findall(r"pilotlight_\w+", rule["expr"])}
    assert len(rules) > 5
    assert named <= told
