"""When a lease until a time pays for a keep-warm ping."""

from datetime import datetime

from .facts import ContainerFact, Facts

# A ping wakes a server that has gone: what was seen must not be older than this many rounds.
FRESH_ROUNDS = 3


def ping_due(facts: Facts, ready: ContainerFact) -> bool:
    """True where the lit server needs one request so that it stays lit until its lease ends.

    A ping is due a third of an idle window after the last use, so that one lost ping costs nothing. None is
    sent within one idle window of the lease's end: the server then goes out by itself at that end at the
    latest, even if the panel is dead. The last one comes exactly one window before the end.
    """
    ends = [lease.until for lease in facts.holding if lease.until is not None]
    if not ends or ready.ready_at is None or facts.in_flight or facts.running_inputs:
        return False
    if not _seen_lately(facts):
        return False
    window = facts.windows.idle
    last_allowed = max(ends) - window
    last = last_activity(facts, ready.ready_at)
    if facts.now > last_allowed:
        return False
    if facts.now >= last + window / 3:
        return True
    closing = last_allowed - facts.now <= facts.windows.tick
    return closing and last < last_allowed - facts.windows.tick


def _seen_lately(facts: Facts) -> bool:
    return (
        facts.observed_at is not None and facts.now - facts.observed_at <= FRESH_ROUNDS * facts.windows.tick
    )


def last_activity(facts: Facts, ready_at: datetime) -> datetime:
    """The instant from which the idle window is counted: ready, the last use or the last ping.

    What lies ahead was written before the clock was moved back, and says nothing; where that is all there is,
    the window may be over at any moment.
    """
    known = (ready_at, facts.last_use_at, facts.last_ping_at)
    latest = facts.now + facts.windows.tick
    past = (at for at in known if at is not None and at <= latest)
    return max(past, default=facts.now - facts.windows.idle)
