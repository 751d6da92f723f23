"""From stored lines to findings, notices and one new release."""

from datetime import timedelta
from typing import Any

import pytest

from deployments.engines.validation import Level
from deployments.models import Finding, LogScan, Notice, Phase
from deployments.planning.power import Role
from deployments.providers.base import LogEntry, ProviderError
from deployments.services import diagnosing, findings, mending, releases
from deployments.services.errors import Refused

from .conftest import Panel, actor

CORE = "(EngineCore pid=41) ERROR 11-24 09:01:40 [core.py:1330] "
TOO_LONG = (
    f"{CORE}ValueError: To serve at least one request with the model's max seq len (131072), (26.5 GiB KV "
    "cache is needed, which is larger than the available KV cache memory (12.0 GiB). Based on the available "
    "memory, the estimated maximum model length is 61440."
)
ECHO = "(APIServer pid=4) RuntimeError: Engine core initialization failed. See root cause above."
DIED = "pilotlight: engine exited code=1 after=62.0s"


def _say(panel: Panel, *lines: str) -> None:
    for line in lines:
        panel.provider.add_log(panel.app_name, line, container_id=panel.run().container_id)


@pytest.fixture
def failed(panel: Panel) -> Panel:
    """Its start died since the context does not fit."""
    panel.start()
    panel.advance(60)
    _say(panel, TOO_LONG, ECHO)
    panel.provider.kill_container(panel.run().container_id, line=DIED)
    panel.advance(60)
    return panel


def test_failed_start_has_one_card_and_its_notice_carries_it(failed: Panel) -> None:
    failure = failed.status().failure
    assert failure is not None
    card = failure.diagnosis
    assert card is not None
    assert (card.code, card.level) == ("context-exceeds-cache", "error")
    assert card.evidence == TOO_LONG
    line = Finding.objects.get(code="context-exceeds-cache").line
    assert line is not None
    assert (card.line_id, line.text) == (line.pk, TOO_LONG)
    assert [one.code for one in card.followed] == ["engine-core-failed", "engine-exited"]
    assert card.fix is not None
    assert card.fix.patch == {"max_model_len": 61440}
    notice = Notice.objects.get(kind="failed")
    assert "The context does not fit the memory that is left." in notice.more
    assert "61,440 tokens fit" in notice.more
    told = notice.facts["diagnosis"]
    assert (told["code"], told["evidence"]) == ("context-exceeds-cache", TOO_LONG)
    assert told["change"] == "Set max_model_len to 61,440."
    assert notice.facts["page"] == f"/deployments/{failed.deployment.slug}/runs/{line.run_id}/"
    assert notice.facts["story"][0].startswith("Ada lit it")
    assert any("diagnosis: The context does not fit" in one for one in notice.facts["story"])


def test_cause_that_the_log_names_too_late_follows_the_notice_once(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    run = panel.run()
    panel.provider.kill_container(run.container_id, line=DIED)
    panel.advance(10)
    first = Notice.objects.get(kind="failed")
    assert "context" not in first.more
    for line in (TOO_LONG, ECHO):
        entry = LogEntry(at=panel.now, text=line, container_id=run.container_id)
        panel.provider._apps[panel.app_name].logs.append(entry)  # its app is off already
    panel.advance(30)
    late = Notice.objects.exclude(pk=first.pk).get(kind="failed")
    assert "The context does not fit the memory that is left." in late.text
    assert late.facts["diagnosis"]["code"] == "context-exceeds-cache"
    assert late.facts["follows"] == first.public_id


def test_fault_in_the_doctor_stops_nothing_and_no_line_is_missed(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.start()
    panel.advance(60)
    with monkeypatch.context() as broken:
        broken.setattr(diagnosing, "_keep", _raises)
        _say(
            panel,
            "[rank1]:[E ProcessGroupNCCL.cpp:632] [Rank 1] Watchdog caught collective operation timeout",
        )
        panel.tick()
    assert not Finding.objects.exists()
    assert panel.state() == "waking"
    _say(panel, f"{CORE}RuntimeError: NCCL error: unhandled cuda error")
    panel.tick()
    panel.tick()
    assert {row.code for row in panel.run().findings.all()} == {"nccl-timeout", "nccl-error"}
    assert LogScan.objects.get().line_id == panel.run().log_lines.latest("id").pk


def _raises(*args: Any) -> None:
    raise RuntimeError("a rule is broken")


def test_what_the_engine_says_after_a_stop_is_no_finding(panel: Panel) -> None:
    panel.start()
    panel.advance(60)
    _say(
        panel,
        "(APIServer pid=4) INFO 11-24 09:31:40 [launcher.py:9] [shutdown] API server: shutdown triggered",
    )
    panel.tick()
    _say(panel, f"{CORE}Worker proc VllmWorker-2 died unexpectedly, shutting down executor.")
    panel.tick()
    assert not Finding.objects.exists()


def test_weights_slower_than_this_deployments_own_are_told(panel: Panel) -> None:
    deployment = panel.deployment
    first, second = (
        deployment.runs.create(
            account=deployment.account, number=number, container_id=f"ta-{number}", cause="lease",
            first_seen_at=panel.now, ready_at=panel.now,
        )
        for number in (1, 2)
    )  # fmt: skip
    for name, after_s in (("weights", 60), ("warmup", 121)):
        Phase.objects.create(run=first, name=name, started_at=panel.now + timedelta(seconds=after_s))
    second.log_lines.create(
        deployment=deployment, at=panel.now, source="container", fingerprint="x",
        text="(Worker_TP0 pid=9) INFO 11-24 09:13:04 [x.py:501] Loading weights took 728.00 seconds",
    )  # fmt: skip
    diagnosing.read_new(second, deployment)
    (card,) = findings.of_runs([second.pk], deployment)[second.pk]
    assert (card.code, card.level) == ("weights-slow", Level.WARNING)


def test_refused_deploy_is_diagnosed_from_its_build(panel: Panel) -> None:
    said = "Image build for im-1 failed with the exception:\nmanifest for nobody/nothing:1 not found"
    panel.provider.fail_next("deploy", ProviderError(said, permanent=True))
    panel.start()
    panel.advance(30)
    failure = panel.status().failure
    assert failure is not None
    assert failure.diagnosis is not None
    assert failure.diagnosis.code == "image-not-found"
    assert failure.diagnosis.evidence == "manifest for nobody/nothing:1 not found"
    assert "nobody/nothing:1" in failure.diagnosis.cause


def test_hung_start_and_missing_machines_are_told_without_a_line(panel: Panel) -> None:
    panel.provider.boot_s = None
    panel.start()
    panel.advance(1000, step_s=60)
    failure = panel.status().failure
    assert failure is not None
    assert failure.diagnosis is not None
    assert failure.diagnosis.code == "start-hung"


def test_change_becomes_a_release_after_a_look_and_lights_nothing(failed: Panel) -> None:
    finding, admin = Finding.objects.get(code="context-exceeds-cache"), actor(Role.ADMIN)
    stale = mending.planned(failed.deployment, finding.pk).base
    config = failed.deployment.config | {"max_num_seqs": 8}
    releases.save_config(failed.deployment, actor=admin, config=config)
    with pytest.raises(Refused, match="changed max_num_seqs of"):
        mending.mend(failed.deployment, finding.pk, actor=admin, base=stale)
    plan = mending.planned(failed.deployment, finding.pk)
    changes = {one.field: one.after for one in plan.changes}
    assert changes == {"max_model_len": 61440, "max_num_seqs": 8}, "what else was saved is seen too"
    with pytest.raises(Refused, match="needs an admin"):
        mending.mend(failed.deployment, finding.pk, actor=actor(), base=plan.base)
    wakes = failed.provider.wake_requests
    made = mending.mend(failed.deployment, finding.pk, actor=admin, base=plan.base)
    failed.tick()
    assert made.spec["max_model_len"] == 61440
    assert made.note == "log doctor: The context does not fit the memory that is left (run 1)"
    assert (failed.deployment.current_release, failed.provider.wake_requests) == (made, wakes)
    assert failed.state() == "failed"
    card = findings.of_runs([finding.run_id or 0], failed.deployment)[finding.run_id or 0][0]
    assert (card.fix, card.mended) == (None, True)
    with pytest.raises(Refused, match="no change left"):
        mending.planned(failed.deployment, finding.pk)
