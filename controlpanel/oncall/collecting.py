"""The figures of the panel as Prometheus takes them. Labels are deployments, states, queues and parts alone:
never a person, a key, a model's name or an error's words."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from deployments.public import Figures, State, figures
from gateway.public import BEYOND, BOUNDS_S, counts

from .facts import Facts, facts
from .verdicts import HEARTBEATS, Verdict, verdicts, worst_of

_RANK = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.BAD: 2}


def registry(now: datetime) -> CollectorRegistry:
    """Everything as it is now; nothing is kept between two calls. Raises DatabaseError."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_Panel(now))
    return made


class _Panel:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        known = facts(self._now)
        yield from _of_facts(known)
        yield from _of_watch(known)
        if known.database_s is not None:
            found = figures(self._now)
            yield from _of_money(found)
            yield from _of_deployments(found)
            yield from _of_requests({one.slug for one in found.statuses})


def _of_facts(known: Facts) -> Iterator[Metric]:
    info = GaugeMetricFamily("pilotlight_info", "The version that runs.", labels=["version"])
    info.add_metric([known.version], 1)
    yield info
    yield _gauge("pilotlight_database_up", "1 where the database answers.", known.database_s is not None)
    yield _gauge("pilotlight_broker_up", "1 where the broker answers.", known.broker is not None)
    ranks = worst_of(verdicts(known))
    help_text = "Verdicts of /on-call/: 0 ok, 1 to be watched, 2 bad."
    yield _labelled("pilotlight_check", help_text, "check", {name: _RANK[one] for name, one in ranks.items()})
    if known.broker is not None:
        waiting = {queue.name: queue.waiting for queue in known.broker.queues}
        oldest = {queue.name: queue.oldest_s or 0.0 for queue in known.broker.queues}
        yield _labelled("pilotlight_queue_messages", "Messages that wait for a worker.", "queue", waiting)
        yield _labelled(
            "pilotlight_queue_oldest_seconds", "How long the oldest of them waits.", "queue", oldest
        )
    if known.disk is not None:
        words = "Free bytes where the data folder lies."
        yield _gauge("pilotlight_disk_free_bytes", words, known.disk.free_bytes)


def _of_watch(known: Facts) -> Iterator[Metric]:
    if known.watch is None:
        return
    ages = {name.replace(" ", "-"): known.age_s(name) for name in HEARTBEATS}
    ages["runner"] = known.runner_age_s
    ages["gateway"] = min(known.gateway_ages_s, default=None)
    there = {name: age for name, age in ages.items() if age is not None}
    yield _labelled("pilotlight_heartbeat_age_seconds", "Since a part last reported.", "part", there)
    lag = GaugeMetricFamily(
        "pilotlight_observer_lag_seconds", "Between looks at what is lit.", labels=["deployment", "quantile"]
    )
    for one in known.watch.lags:
        for quantile, value in (("0.5", one.p50_s), ("0.99", one.p99_s), ("1", one.worst_s)):
            lag.add_metric([one.slug, quantile], value)
    yield lag
    looks = {one.slug: one.age_s for one in known.watch.lags}
    yield _labelled(
        "pilotlight_last_look_age_seconds", "Since what is lit was looked at.", "deployment", looks
    )
    since = known.watch.unsettled_since
    yield _gauge("pilotlight_unsettled_runs", "Ended runs that are not settled.", known.watch.unsettled)
    settle_s = (known.at - since).total_seconds() if since is not None else 0.0
    yield _gauge("pilotlight_settle_lag_seconds", "Since the oldest of them ended.", settle_s)
    yield _gauge("pilotlight_blind_accounts", "Accounts that cannot be read.", len(known.watch.blind))
    yield _gauge(
        "pilotlight_deliveries_waiting", "Notifications on their way.", known.watch.deliveries_waiting
    )


def _of_money(found: Figures) -> Iterator[Metric]:
    per_hour = found.burning.usd_per_hour
    yield _gauge("pilotlight_price_usd_per_hour", "What everything that is lit costs.", float(per_hour))
    spent = {"day": float(found.today_usd), "month": float(found.month_usd)}
    yield _labelled("pilotlight_spend_usd", "Spent since the period began, in UTC.", "period", spent)
    labels = ["scope", "target", "period"]
    amount = GaugeMetricFamily(
        "pilotlight_budget_usd", "Budgets of the panel and deployments.", labels=labels
    )
    left = GaugeMetricFamily(
        "pilotlight_budget_left_usd", "What is neither spent nor reserved.", labels=labels
    )
    for view in found.budgets:
        values = [view.budget.scope, view.target_name, view.budget.period]
        amount.add_metric(values, float(view.standing.amount_usd))
        left.add_metric(values, float(view.standing.left_usd))
    yield from (amount, left)


def _of_deployments(found: Figures) -> Iterator[Metric]:
    words = "1 for the state that a deployment is in."
    state = GaugeMetricFamily("pilotlight_deployment_state", words, labels=["deployment", "state"])
    for one in found.statuses:
        state.add_metric([one.slug, State(one.state).value], 1)
    yield state
    slugs = [one.slug for one in found.statuses]
    for name, words, known in (
        ("pilotlight_lit_containers", "Containers that are billed now.", found.containers),
        ("pilotlight_requests_in_flight", "Requests at the engine.", found.in_flight),
        ("pilotlight_held_requests", "Requests that wait until a server is ready.", found.held),
        ("pilotlight_failed_starts_last_day", "Starts and servers that failed in 24 hours.", found.failed),
    ):
        yield _labelled(name, words, "deployment", {slug: known.get(slug, 0) for slug in slugs})


def _of_requests(slugs: set[str]) -> Iterator[Metric]:
    """Of deployments that are there: others would add labels for ever."""
    requests = CounterMetricFamily(
        "pilotlight_requests", "Requests of known keys, by status class.", labels=["deployment", "class"]
    )
    ttft = HistogramMetricFamily(
        "pilotlight_time_to_first_token_seconds",
        "From asking the engine to its first byte.",
        labels=["deployment"],
    )
    for row in counts():
        if row.deployment_slug not in slugs:
            continue
        for name, number in sorted(row.statuses.items()):
            requests.add_metric([row.deployment_slug, name], number)
        ttft.add_metric([row.deployment_slug], list(_added_up(row.ttft)), sum_value=row.ttft_sum_s)
    yield from (requests, ttft)


def _added_up(buckets: Mapping[str, int]) -> Iterable[tuple[str, float]]:
    total = 0
    for name in (*(str(one) for one in BOUNDS_S), BEYOND):
        total += buckets.get(name, 0)
        yield name, total


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _labelled(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    made = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        made.add_metric([key], value)
    return made
