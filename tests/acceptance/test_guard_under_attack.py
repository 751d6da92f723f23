"""Fifty clients, a killed worker and tasks that come twice: the sandbox's own bill stays within the grace."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.cloud.money import CPU_USD_PER_CORE_S, GPU_USD_PER_S, MEMORY_USD_PER_GIB_S
from tests.patience import until

from .panel import SLUG, Panel, Server, ask, holds

CLIENTS = 50
# 8 H200 with the CPU and memory that the preset expects are $0.0104 a second: two servers for 20 s.
LIMIT_USD, GRACE_S = Decimal("0.42"), 5
RATE = GPU_USD_PER_S["H200"] * 8 + Decimal(8) * CPU_USD_PER_CORE_S + Decimal(96) * MEMORY_USD_PER_GIB_S
OUT = ("off", "asleep")
# Every so often budgets are counted.
ROUND_S = 5.0
DOUBLED = """
from threading import Event
from celery import current_app
for _ in range(20):
    for name in ("budgets", "reconcile_all", "observe_all", "settle"):
        for _ in range(2):
            current_app.send_task(f"deployments.tasks.{name}", queue="control", expires=5)
    Event().wait(2)
"""


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Panel]:
    running = Panel(tmp_path / "data")
    try:
        yield running.start()
    finally:
        running.close()


def billed_usd(panel: Panel) -> Decimal:
    """What the sandbox bills for all containers there have been."""
    total, now = Decimal(0), datetime.now(UTC).timestamp()
    for one in panel.control.containers():
        if not one["started_at"]:
            continue
        rate = GPU_USD_PER_S.get(one["gpu_type"], Decimal(0)) * one["gpu_count"]
        rate += Decimal(one["cpu_cores"]) * CPU_USD_PER_CORE_S
        rate += Decimal(one["memory_gib"]) * MEMORY_USD_PER_GIB_S
        total += rate * Decimal(str((one["finished_at"] or now) - one["started_at"]))
    return total


def looked_away_s(panel: Panel) -> float:
    """The longest time between two looks, while something was lit, as the sandbox was asked."""
    containers = panel.control.containers()
    lit = min(c["enqueued_at"] for c in containers), max(c["finished_at"] for c in containers)
    looks = [call["at"] for call in panel.control.calls("TaskList") if lit[0] <= call["at"] <= lit[1]]
    return max((after - before for before, after in pairwise(looks)), default=ROUND_S)


def test_nothing_is_billed_beyond_the_limit_and_the_grace(attacked: Panel) -> None:
    panel = attacked
    servers = [panel.on(), panel.make("other")]
    wish = {"scope": "panel", "period": "month", "amount_usd": str(LIMIT_USD), "grace_s": GRACE_S}
    assert panel.call("PUT", "/budgets", wish).status == 200
    over, codes = threading.Event(), set[str]()
    clients = [
        threading.Thread(target=_ask_on, args=(panel, servers[n % 2], n, over, codes)) for n in range(CLIENTS)
    ]
    doubler = threading.Thread(target=panel.command, args=("shell", "--no-imports", "--command", DOUBLED))
    for thread in (*clients, doubler):
        thread.start()
    try:
        until(lambda: billed_usd(panel) > LIMIT_USD / 4, limit_s=60)
        panel.kill("control")
        until(lambda: billed_usd(panel) > LIMIT_USD / 2, limit_s=60)
        _goes_out(panel, servers)
        # All the while tasks come twice: nobody gets what anything is lit by.
        holds(lambda: not any(server.status()["leases"] for server in servers), for_s=30)
        doubler.join(timeout=90)
        # What the provider brought back by itself was put out again by now; they still ask.
        before = billed_usd(panel)
        holds(lambda: not panel.running(), for_s=ROUND_S)
    finally:
        over.set()
        for thread in clients:
            thread.join(timeout=60)
    assert "budget_exhausted" in codes
    assert billed_usd(panel) == before, "nothing was lit for them"
    # One period until it is counted, one until the order is carried out: each as long as the panel, killed,
    # really looked away.
    allowed_s = GRACE_S + 2 * max(ROUND_S, looked_away_s(panel))
    beyond_s = float((before - LIMIT_USD) / (RATE * len(servers)))
    assert beyond_s <= allowed_s, f"{beyond_s} s beyond the limit"


def _goes_out(panel: Panel, servers: list[Server]) -> None:
    """The limit is reached, and each server was put out, also one that was only on its way to a machine;
    else what is there instead."""

    def out() -> bool:
        return _is_spent(panel) and all(server.state() in OUT for server in servers) and not panel.running()

    try:
        until(out, limit_s=90)
    except AssertionError as late:
        now = [server.status() for server in servers], panel.get("/budgets").text, panel.running()
        raise AssertionError(f"{panel.output[-12000:]}\n{billed_usd(panel)} billed\n{now}") from late


def _is_spent(panel: Panel) -> bool:
    answer = panel.get("/budgets")
    return answer.status == 200 and bool(answer.body["items"][0]["exhausted"])


def _ask_on(panel: Panel, server: Server, n: int, over: threading.Event, codes: set[str]) -> None:
    """Half start and half chat, again and again, whatever the answer."""
    model = server.slug if server.slug != SLUG else "glm-5.2-fp8"
    while not over.is_set():
        if n % 4 < 2:
            answer = panel.post(f"{server.path}/start", {"until": None, "reason": "attack"})
        else:
            answer = ask(panel, model)
        if isinstance(answer.body, dict):
            codes.add(str(answer.body.get("code")))
        over.wait(3)
