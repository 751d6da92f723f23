"""From facts to verdicts: what is well, what is to be watched, what has to be mended now. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deployments.public import State, Watch, WrongServer

from .facts import Facts
from .words import ago, count, names, seconds, size


class Verdict(StrEnum):
    """How one part stands, the worst last."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One part: `id` names its runbook, `value` the figure, `detail` what it means where it is not well.
    `deployment` is the slug of the server that it is about, empty for what is about the panel."""

    id: str
    title: str
    verdict: Verdict
    value: str
    detail: str = ""
    deployment: str = ""


# (watch it, mend it), in seconds. Workers and the clock report every 10 s, generators every few seconds,
# rounds of the reconciler and the budgets are made every 5 s.
HEARTBEATS = {
    "worker": ("Control worker", 30, 60, "Nothing is lit, put out or observed."),
    "deploy worker": ("Deploy worker", 60, 180, "No deploy and no wake goes on."),
    "beat": ("Clock", 30, 60, "No round is made: nothing is observed and no lease ends."),
    "reconcile round": ("Reconciler", 20, 60, "A difference between what is wanted and what is stays."),
    "budget round": ("Budgets", 20, 60, "A limit that is passed puts nothing out."),
}
RUNNER_S, GATEWAY_S = (30, 120), (30, 60)
LAG_P99_S, LAG_NOW_S = (5.0, 15.0), (10.0, 30.0)
QUEUE_WAITING, QUEUE_OLDEST_S = (50, 500), (15.0, 60.0)
DATABASE_S, BROKER_S = (0.25, 2.0), (0.25, 1.5)
SETTLE_S = (300, 3600)
DELIVERY_S = (300, 3600)
DISK_SHARE, DISK_BYTES = (0.10, 0.03), (5 * 2**30, 2**30)
ERRORS_S = 900
UNKNOWN_S = 60
# What a server can be that somebody has to look at, and how that is headed where none is so.
SERVERS = {
    State.DEGRADED: "Servers whose requests fail",
    State.UNKNOWN: "Servers that cannot be seen",
    State.FAILED: "Servers that failed",
}
# A provider that is gone takes all its servers along: so many are named, the rest are counted.
MOST_SERVERS = 20

_ORDER = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.BAD: 2}


def verdicts(facts: Facts) -> list[Check]:
    """Every check, in the order in which somebody looks: what holds up the rest comes first."""
    found = [_database(facts), _broker(facts)]
    for part in _OF_WATCH:
        found += part(facts, facts.watch) if facts.watch is not None else ()
    return [*found, _disk(facts)]


def worst(checks: Iterable[Check]) -> Verdict:
    """The gravest of them."""
    return max((check.verdict for check in checks), key=_ORDER.__getitem__, default=Verdict.OK)


def worst_of(checks: Iterable[Check]) -> dict[str, Verdict]:
    """The gravest verdict of each id: two queues are one."""
    found: dict[str, Verdict] = {}
    for check in checks:
        found[check.id] = max(check.verdict, found.get(check.id, Verdict.OK), key=_ORDER.__getitem__)
    return found


def over(value: float, limits: tuple[float, float]) -> Verdict:
    """`value` against (watch it, mend it)."""
    if value > limits[1]:
        return Verdict.BAD
    return Verdict.WARN if value > limits[0] else Verdict.OK


def _database(facts: Facts) -> Check:
    if facts.database_s is None:
        return Check(
            "database", "Database", Verdict.BAD, "no answer", "Nothing of the panel works without it."
        )
    return Check(
        "database", "Database", over(facts.database_s, DATABASE_S), f"answers in {seconds(facts.database_s)}"
    )


def _broker(facts: Facts) -> Check:
    if facts.broker is None:
        words = (
            "Workers get no work, and the playground shows no new words. The database keeps what is wanted."
        )
        return Check("broker", "Broker and cache", Verdict.BAD, "no answer", words)
    answered_s = facts.broker.answered_s
    return Check(
        "broker", "Broker and cache", over(answered_s, BROKER_S), f"answers in {seconds(answered_s)}"
    )


def _heartbeats(facts: Facts, watch: Watch) -> Iterator[Check]:
    for name, (title, warn_s, bad_s, means) in HEARTBEATS.items():
        yield _heartbeat(name.replace(" ", "-"), title, facts.age_s(name), (warn_s, bad_s), means)
    yield _heartbeat("runner", "Playground’s generator", facts.runner_age_s, RUNNER_S, "Chats get no answer.")
    ages_s = facts.gateway_ages_s
    alive = sum(age_s <= GATEWAY_S[0] for age_s in ages_s)
    first_s = ages_s[0] if ages_s else None
    check = _heartbeat("gateway", "Gateway", first_s, GATEWAY_S, "Requests to /v1/ are not answered.")
    yield Check(
        check.id,
        check.title,
        check.verdict,
        f"{check.value} ({count(alive, 'process', 'processes')})",
        check.detail,
    )


def _heartbeat(name: str, title: str, age_s: float | None, limits: tuple[float, float], means: str) -> Check:
    if age_s is None:
        return Check(name, title, Verdict.BAD, "never reported", means)
    verdict = over(abs(age_s), limits)  # one from the future is none of a living process either
    return Check(name, title, verdict, ago(age_s), means if verdict is not Verdict.OK else "")


def _observer(facts: Facts, watch: Watch) -> Iterator[Check]:
    title = "Observer"
    if not watch.lags:
        yield Check("observer", title, Verdict.OK, "nothing is lit")
        return
    slowest = max(watch.lags, key=lambda lag: (lag.p99_s, lag.age_s))
    oldest = max(watch.lags, key=lambda lag: lag.age_s)
    verdict = max(over(slowest.p99_s, LAG_P99_S), over(oldest.age_s, LAG_NOW_S), key=_ORDER.__getitem__)
    value = f"p99 {seconds(slowest.p99_s)} between looks, oldest look {ago(oldest.age_s)}"
    detail = f"{oldest.name} was last looked at {ago(oldest.age_s)}." if verdict is not Verdict.OK else ""
    yield Check("observer", title, verdict, value, detail)


def _queues(facts: Facts, watch: Watch) -> Iterator[Check]:
    if facts.broker is None:
        return
    for queue in facts.broker.queues:
        verdict = over(queue.waiting, QUEUE_WAITING)
        value = f"{queue.waiting} waiting"
        if queue.oldest_s is not None:
            verdict = max(verdict, over(queue.oldest_s, QUEUE_OLDEST_S), key=_ORDER.__getitem__)
            value += f", the oldest for {seconds(queue.oldest_s)}"
        detail = "Workers do not keep up, or none is there." if verdict is not Verdict.OK else ""
        yield Check("queue", f"Queue {queue.name}", verdict, value, detail)


def _accounts(facts: Facts, watch: Watch) -> Iterator[Check]:
    if not watch.blind:
        yield Check("blind", "Providers", Verdict.OK, "all can be read")
    for account in watch.blind:
        since_s = (facts.at - account.since).total_seconds()
        verdict = Verdict.BAD if since_s > 60 else Verdict.WARN
        said = account.words[:200] or "nothing"
        yield Check(
            "blind",
            f"Provider of {account.name}",
            verdict,
            f"not read since {ago(since_s)}",
            f"It said: {said}",
        )


def _servers(facts: Facts, watch: Watch) -> Iterator[Check]:
    for state, title in SERVERS.items():
        found = [one for one in watch.wrong if one.state is state]
        if not found:
            yield Check(state, title, Verdict.OK, "none")
        yield from (_server(one, facts.at) for one in found[:MOST_SERVERS])
        if (more := len(found) - MOST_SERVERS) > 0:
            yield Check(state, count(more, "more server", "more servers"), Verdict.BAD, state)


def _server(one: WrongServer, now: datetime) -> Check:
    since_s = (now - one.since).total_seconds() if one.since is not None else None
    just_lost = one.state is State.UNKNOWN and since_s is not None and since_s <= UNKNOWN_S
    value = one.state if since_s is None else f"{one.state}, {ago(since_s)}"
    verdict = Verdict.WARN if just_lost else Verdict.BAD
    return Check(one.state, one.name, verdict, value, one.words, one.slug)


def _prices(facts: Facts, watch: Watch) -> Iterator[Check]:
    if watch.stale_prices:
        words = "Not checked for half a year: nothing new of these is lit."
        yield Check("prices", "Prices", Verdict.BAD, f"stale for {names(watch.stale_prices)}", words)
    elif watch.old_prices:
        words = "Not checked for 45 days: what pages show may be wrong."
        yield Check("prices", "Prices", Verdict.WARN, f"old for {names(watch.old_prices)}", words)
    else:
        yield Check("prices", "Prices", Verdict.OK, "checked lately")


def _settling(facts: Facts, watch: Watch) -> Iterator[Check]:
    if watch.unsettled_since is None:
        yield Check("settle", "Settling of costs", Verdict.OK, "all ended runs are settled")
        return
    since_s = (facts.at - watch.unsettled_since).total_seconds()
    value = f"{count(watch.unsettled, 'run', 'runs')} unsettled, the oldest ended {ago(since_s)}"
    verdict = over(since_s, SETTLE_S)
    words = (
        "Costs are shown as they are counted, and put down to nobody yet."
        if verdict is not Verdict.OK
        else ""
    )
    yield Check("settle", "Settling of costs", verdict, value, words)


def _deliveries(facts: Facts, watch: Watch) -> Iterator[Check]:
    late_s = 0.0
    if watch.deliveries_since is not None:
        late_s = (facts.at - watch.deliveries_since).total_seconds()
    verdict = over(late_s, DELIVERY_S)
    value = f"{watch.deliveries_waiting} on their way"
    if watch.deliveries_given_up:
        verdict = max(verdict, Verdict.WARN, key=_ORDER.__getitem__)
        value += f", {watch.deliveries_given_up} given up since yesterday"
    detail = "People are not told what they should know." if verdict is not Verdict.OK else ""
    yield Check("delivery", "Notifications", verdict, value, detail)


def _deadman(facts: Facts, watch: Watch) -> Iterator[Check]:
    if watch.withheld:
        words = "; ".join(watch.withheld)
        yield Check(
            "deadman", "Message to the outside", Verdict.BAD, "withheld", f"{words[:1].upper()}{words[1:]}."
        )
    else:
        yield Check("deadman", "Message to the outside", Verdict.OK, "nothing speaks against it")


def _errors(facts: Facts, watch: Watch) -> Iterator[Check]:
    fresh = [error for error in watch.errors if (facts.at - error.last_at).total_seconds() <= ERRORS_S]
    if fresh:
        value = f"{count(len(fresh), 'kind', 'kinds')} in the last 15 minutes"
        yield Check("errors", "Errors", Verdict.WARN, value, f"{fresh[0].name}: {fresh[0].text[:160]}")
    else:
        yield Check("errors", "Errors", Verdict.OK, "none in the last 15 minutes")


def _disk(facts: Facts) -> Check:
    disk = facts.disk
    if disk is None:
        return Check("disk", "Disk of the data folder", Verdict.BAD, "cannot be read")
    low = [
        limit
        for limit in (0, 1)
        if disk.free_share < DISK_SHARE[limit] and disk.free_bytes < DISK_BYTES[limit]
    ]
    verdict = Verdict.BAD if 1 in low else Verdict.WARN if low else Verdict.OK
    value = f"{size(disk.free_bytes)} free of {size(disk.total_bytes)}"
    detail = "A full disk stops the database and the broker." if low else ""
    return Check("disk", "Disk of the data folder", verdict, value, detail)


_Part = Callable[[Facts, Watch], Iterable[Check]]
_OF_WATCH: tuple[_Part, ...] = (
    _heartbeats, _observer, _servers, _queues, _accounts, _prices, _settling, _deliveries, _deadman, _errors,
)  # fmt: skip
# Every id that a check can have; each has a runbook.
CHECK_IDS = (
    "database", "broker", *(name.replace(" ", "-") for name in HEARTBEATS), "runner", "gateway", "observer",
    *SERVERS, "queue", "blind", "prices", "settle", "delivery", "deadman", "errors", "disk",
)  # fmt: skip
