"""Whether a lit server's requests fail. The thresholds are data; what is entered is not left at the first
answer (hysteresis), so that a server that fails now and then does not flicker."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Ended:
    """One request that the engine answered (`failed` False) or failed at. Client errors are neither."""

    at: datetime
    failed: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Degraded: within `window`, at least so many failures that are at least such a share of what ended, by
    any line of `enter`. Well again: `calm` without a failure and at least `answers` answered since the last
    one, or `forgotten` without one, asked or not."""

    window: timedelta = timedelta(seconds=60)
    enter: Sequence[tuple[int, float]] = ((2, 0.5), (3, 0.2), (10, 0.1))
    calm: timedelta = timedelta(seconds=30)
    answers: int = 3
    forgotten: timedelta = timedelta(minutes=10)


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Health:
    """`since` is the first failure of a degraded spell, None where requests are answered. The counts are of
    the rule's window, up to now."""

    since: datetime | None
    failed: int = 0
    ended: int = 0


def judge(ended: Iterable[Ended], since: datetime | None, now: datetime, rule: Rule = RULE) -> Health:
    """What `ended` (of this life of the server, from now back to `rule.forgotten`) makes of what was known.

    `since` is what was said before: None for well.
    """
    known = sorted((one for one in ended if one.at <= now), key=lambda one: one.at)
    recent = [one for one in known if one.at > now - rule.window]
    failures = [one.at for one in recent if one.failed]
    counts = {"failed": len(failures), "ended": len(recent)}
    if since is None:
        return Health(failures[0] if _enters(len(failures), len(recent), rule) else None, **counts)
    return Health(None if _is_over(known, now, rule) else since, **counts)


def _enters(failed: int, ended: int, rule: Rule) -> bool:
    return any(failed >= least and failed >= share * ended for least, share in rule.enter)


def _is_over(known: Sequence[Ended], now: datetime, rule: Rule) -> bool:
    last = max((one.at for one in known if one.failed), default=None)
    if last is None or now - last >= rule.forgotten:
        return True
    answered = sum(1 for one in known if not one.failed and one.at > last)
    return now - last >= rule.calm and answered >= rule.answers
