"""What the database itself refuses, whatever two processes do at once."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from deployments.models import (
    Cause,
    Deploy,
    Deployment,
    DeployStatus,
    Download,
    DownloadStatus,
    EndReason,
    Freeze,
    IdempotencyRecord,
    Lease,
    LogLine,
    Phase,
    Price,
    Release,
    Run,
    Wake,
    WakeStatus,
)

from .conftest import NOW


def refused(constraint, make, *args, **values):
    """`make` fails on just this constraint (SQLite names the columns of a unique one, not its name)."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make(*args, **values)


def wake(deployment, **values):
    return Wake.objects.create(deployment=deployment, created_at=NOW, **values)


def deploy(deployment, **values):
    return Deploy.objects.create(
        deployment=deployment, release=deployment.current_release, created_at=NOW, **values
    )


def download(deployment, **values):
    return Download.objects.create(deployment=deployment, requested_by="Ada", created_at=NOW, **values)


def run(deployment, number=1, container_id="ta-1", **values):
    return Run.objects.create(
        account=deployment.account,
        deployment=deployment,
        number=number,
        container_id=container_id,
        cause=Cause.LEASE,
        first_seen_at=NOW,
        **values,
    )


@pytest.mark.parametrize(
    ("create", "first", "second"),
    [
        (wake, WakeStatus.REQUESTED, WakeStatus.SENT),
        (wake, WakeStatus.SENT, WakeStatus.REQUESTED),
        (deploy, DeployStatus.PENDING, DeployStatus.RUNNING),
        (deploy, DeployStatus.RUNNING, DeployStatus.PENDING),
        (download, DownloadStatus.REQUESTED, DownloadStatus.RUNNING),
    ],
)
def test_one_open_attempt_per_deployment(deployment, make, create, first, second):
    row = create(deployment, status=first)
    refused("(?i)unique", create, deployment, status=second)
    create(make("other"), status=second)
    type(row).objects.filter(pk=row.pk).update(status="cancelled")
    create(deployment, status=second)


def test_one_freeze_at_a_time(db):
    first = Freeze.objects.create(set_at=NOW, set_by_name="Ada")
    refused("(?i)unique", Freeze.objects.create, set_at=NOW, set_by_name="Ada")
    Freeze.objects.filter(pk=first.pk).update(lifted_at=NOW)
    Freeze.objects.create(set_at=NOW, set_by_name="Ada")


def test_one_run_per_container(deployment, make):
    run(deployment)
    refused("(?i)unique", run, deployment, number=2)
    refused("(?i)unique", run, make("other"), number=1)


def test_a_run_number_is_given_once_per_deployment(deployment, make):
    run(deployment)
    refused("(?i)unique", run, deployment, container_id="ta-2")
    run(make("other"), container_id="ta-3")


def test_a_run_does_not_end_without_a_reason(deployment):
    row = run(deployment)
    refused("run_end_has_a_reason", Run.objects.filter(pk=row.pk).update, ended_at=NOW)
    Run.objects.filter(pk=row.pk).update(ended_at=NOW, end_reason=EndReason.IDLE)


def test_a_lease_does_not_end_without_a_reason(lease):
    refused("lease_end_has_a_reason", Lease.objects.filter(pk=lease.pk).update, ended_at=NOW)


def test_a_stop_has_a_time(deployment):
    refused("deployment_stop_has_a_time", Deployment.objects.filter(pk=deployment.pk).update, stop_kind="off")


def test_a_release_number_is_given_once(deployment, make):
    again = {"number": 1, "spec": {}, "created_at": NOW}
    refused("(?i)unique", Release.objects.create, deployment=deployment, **again)
    Release.objects.create(deployment=deployment, **(again | {"number": 2}))


def test_a_phase_is_entered_once(deployment):
    row = run(deployment)
    Phase.objects.create(run=row, name="weights", started_at=NOW)
    refused("(?i)unique", Phase.objects.create, run=row, name="weights", started_at=NOW)


def test_a_line_is_stored_once(deployment):
    line = {"deployment": deployment, "at": NOW, "source": "container", "text": "x", "fingerprint": "f"}
    LogLine.objects.create(**line)
    refused("(?i)unique", LogLine.objects.create, **line)


def test_a_price_stands_once_per_date_and_is_not_negative(db):
    price = {"resource": "gpu:X", "effective_from": NOW, "source": "list", "checked_on": NOW.date()}
    Price.objects.create(usd_per_s=Decimal("0.1"), **price)
    refused("(?i)unique", Price.objects.create, usd_per_s=Decimal("0.2"), **price)
    refused(
        "price_not_negative",
        Price.objects.create,
        usd_per_s=Decimal("-0.1"),
        **(price | {"resource": "cpu:X"}),
    )


def test_an_answer_is_remembered_once_per_key(db):
    record = {"owner": "1", "key": "k", "request_hash": "h", "created_at": NOW}
    IdempotencyRecord.objects.create(**record)
    refused("(?i)unique", IdempotencyRecord.objects.create, **record)
    IdempotencyRecord.objects.create(**(record | {"owner": "2"}))
