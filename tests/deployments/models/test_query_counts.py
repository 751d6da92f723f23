"""A page of many deployments asks the database as often as a page of few."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import Deployment, Lease, Run
from deployments.services.facts import facts_of
from deployments.services.loading import with_facts

from .conftest import NOW


def queries_for(make, count, start):
    for number in range(start, start + count):
        deployment = make(f"d{number}")
        Lease.objects.create(deployment=deployment, holder_name="Ada", via="page", created_at=NOW)
        for life in (1, 2):
            Run.objects.create(
                account=deployment.account, deployment=deployment, release=deployment.current_release,
                number=life, container_id=f"ta-{number}-{life}", cause="lease", first_seen_at=NOW,
                started_at=NOW, ready_at=NOW, ended_at=NOW if life == 1 else None,
                end_reason="idle" if life == 1 else "",
            )  # fmt: skip
    with CaptureQueriesContext(
        connection,
    ) as asked:
        facts = [facts_of(row, NOW, frozen=False) for row in with_facts(Deployment.objects.all(), NOW)]
    assert all(len(fact.leases) == 1 and len(fact.containers) == 1 for fact in facts)
    return len(facts), len(asked)


def test_facts_take_a_constant_number_of_queries(make):
    few, asked_for_few = queries_for(make, 3, 0)
    many, asked_for_many = queries_for(make, 27, 3)
    assert (few, many) == (3, 30)
    assert asked_for_few == asked_for_many
