"""A server that was lit for requests alone, all of which left before it was ready (docs/adr/0011)."""

from datetime import datetime

from .facts import ContainerFact, Facts


def unclaimed(facts: Facts) -> bool:
    """True while only requests' leases hold it, no request waits or is in flight, and none came since they
    began: nobody in sight wants what is being paid for."""
    holding = facts.holding
    if not holding or not all(lease.by_request and lease.until is None for lease in holding):
        return False
    if facts.waiting or facts.in_flight or facts.running_inputs:
        return False
    began = min(lease.created_at for lease in holding)
    return facts.last_use_at is None or facts.last_use_at < began


def given_up_at(facts: Facts, ready: ContainerFact) -> datetime | None:
    """When an unclaimed server goes out, long enough after ready that a client told to come back has come;
    None where somebody uses it, or the idle window ends before."""
    at = ready.ready_at
    if at is None or not unclaimed(facts) or facts.windows.claim >= facts.windows.idle:
        return None
    return at + facts.windows.claim if all(lease.created_at <= at for lease in facts.holding) else None
